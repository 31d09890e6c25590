import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { familyOf } from "../packet/host.ts";
import type { MediaDescription, Rtcp } from "../sdp/session.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Binding } from "../table/binding.ts";
import type { Call } from "../table/call.ts";
import type { Calls } from "../table/calls.ts";
import type { Flow } from "../table/flows.ts";
import type { Stream } from "../table/streams.ts";
import type { Mapping, MediaRewrite, Place, Refusal, Rewrite } from "../translate/mapping.ts";
import { tellsOfListener } from "./listeners.ts";
import { defaultPort, MOST_LINES, mediaTarget, portsMayBeOpened } from "./media-target.ts";

/** What an inside host may name as the host of its media. */
export type MediaHostPolicy = (host: string) => "own" | "allowed" | "refused" | "public";

/** The bindings of the other listening ports of an inside host. */
export interface ListenerBindings {
  find(inside: Endpoint, transport: Transport): Binding | undefined;
  make(inside: Endpoint, transport: Transport): Binding | Refusal;
}

/** Ports that one message may say its sender listens at, besides the one it comes from. */
const MOST_LISTENERS = 4;
const NONE: readonly Binding[] = [];

/**
 * OutboundMapping answers translation's questions for one outbound message at a time. One instance serves all
 * of them: `begin` says which message it is now, and `streams` then collects what its SDP made.
 */
export class OutboundMapping implements Mapping {
  readonly #calls: Calls;
  readonly #listeners: ListenerBindings;
  readonly #mediaHost: MediaHostPolicy;
  #binding: Binding | undefined;
  #flow: Flow | undefined;
  #message: Pick<SipMessage, "kind" | "method" | "callId"> = { kind: "request", method: "", callId: "" };
  #now = 0;
  /** The call of this message's SDP, once it has asked for a stream. */
  call: Call | undefined;
  /** True when there was no such call before this message. */
  madeCall = false;
  /** The streams of this message's m= lines by their position. */
  streams: (Stream | undefined)[] = [];
  /** The bindings that were made for this message. */
  made: readonly Binding[] = NONE;

  constructor(calls: Calls, listeners: ListenerBindings, mediaHost: MediaHostPolicy) {
    this.#calls = calls;
    this.#listeners = listeners;
    this.#mediaHost = mediaHost;
  }

  /** Points the mapping at a message that travels on `flow`; `now` in milliseconds. */
  begin(
    binding: Binding,
    flow: Flow,
    message: Pick<SipMessage, "kind" | "method" | "callId">,
    now: number,
  ): void {
    this.#binding = binding;
    this.#flow = flow;
    this.#message = message;
    this.#now = now;
    this.made = NONE;
    this.call = undefined;
    this.madeCall = false;
    if (this.streams.length > 0) this.streams = [];
  }

  signalling(
    host: string,
    port: number | undefined,
    transport: Transport,
    place: Place,
  ): Rewrite | Refusal | undefined {
    const flow = this.#flow;
    const own = this.#binding;
    if (flow === undefined || own === undefined || host !== flow.ends.inside.host) return undefined;
    const meant = port ?? defaultPort;
    const binding =
      meant === own.inside.port && transport === own.transport
        ? own
        : this.#listener({ host, port: meant }, transport, place);
    if (binding === undefined || "refused" in binding) return binding;
    if (port !== undefined) return { host: flow.ends.outside.host, port: binding.port };
    if (binding.port === defaultPort) return { host: flow.ends.outside.host, port: undefined };
    binding.portless.add(place);
    return { host: flow.ends.outside.host, port: binding.port };
  }

  /**
   * A port that nothing has come from yet is opened only where its host itself says that it listens there, or whoever
   * a phone answers could have any of its ports opened, by what the answer repeats.
   */
  #listener(inside: Endpoint, transport: Transport, place: Place): Binding | Refusal | undefined {
    const known = this.#listeners.find(inside, transport);
    if (known !== undefined) return known;
    if (!tellsOfListener(this.#message, place, inside.port)) return undefined;
    if (this.made.length === MOST_LISTENERS) return { refused: "too-many-ports" };
    const made = this.#listeners.make(inside, transport);
    if (!("refused" in made)) this.made = [...this.made, made];
    return made;
  }

  media(line: MediaDescription): MediaRewrite | Refusal | undefined {
    const flow = this.#flow;
    const binding = this.#binding;
    if (flow === undefined || binding === undefined) return undefined;
    const { inside, outside } = flow.ends;
    const isOwn = line.host === inside.host;
    if (!isOwn && line.host === outside.host) return this.#alreadyPublic(line, flow, binding);
    const policy = isOwn ? "own" : this.#mediaHost(line.host);
    // An address of the other family needs no translation here, or one that this flow cannot tell.
    if (policy === "public" || familyOf(line.host) !== familyOf(inside.host)) return undefined;
    const target = mediaTarget(line, inside.host);
    const rtcpHost = target.rtcp?.host ?? line.host;
    const rtcpPolicy = rtcpHost === inside.host ? "own" : this.#mediaHost(rtcpHost);
    if (policy === "refused" || (rtcpPolicy !== "own" && rtcpPolicy !== "allowed")) {
      return { refused: "media-host-not-allowed" };
    }
    if (!portsMayBeOpened(target)) return { refused: "media-port-not-allowed" };
    this.#findCall(binding);
    if (this.call === undefined || line.index >= MOST_LINES) return { refused: "table-full" };
    const stream = this.#calls.stream(this.call, target, flow.ends.remote.host);
    if (typeof stream === "string") return { refused: stream };
    stream.held = false;
    // An array that grows has room for 16 more, and most messages have one line.
    if (line.index === 0 && this.streams.length === 0) this.streams = [stream];
    else this.streams[line.index] = stream;
    const rtp = stream.components[0];
    const rtcp = stream.components[1];
    if (rtp === undefined) return undefined;
    return { host: outside.host, port: rtp.port, rtcpPort: rtcp?.port ?? rtp.port + 1 };
  }

  /**
   * Takes in a line whose body stays as it is (ICE, a signature over it): media is let in where the line names our
   * external address. Any other has no port that the outside would be told of, and gets none.
   */
  observe(line: MediaDescription): void {
    const flow = this.#flow;
    const binding = this.#binding;
    if (flow === undefined || binding === undefined || line.host !== flow.ends.outside.host) return;
    this.#alreadyPublic(line, flow, binding);
  }

  /** A held line (c=0.0.0.0) names no address, and the port of a stream that is to be the same when it resumes. */
  hold(line: MediaDescription, call: Call): void {
    const host = this.#flow?.ends.inside.host ?? line.host;
    const stream = call.streams.find({ transport: line.transport, rtp: { host, port: line.port } });
    if (stream !== undefined) stream.held = true;
  }

  /**
   * A phone that has learned its public address (STUN) writes it itself: nothing is changed, and media to the very
   * port it names is let through to the same port of the phone, if nobody else has it. So is its RTCP at the next
   * port; a=rtcp with another port or host names nothing that this port pair leads to.
   */
  #alreadyPublic(line: MediaDescription, flow: Flow, binding: Binding): undefined {
    const { host } = flow.ends.inside;
    const target = mediaTarget({ ...line, host, rtcp: rtcpOfPair(line) }, host);
    if (!portsMayBeOpened(target) || line.index >= MOST_LINES) return;
    this.#findCall(binding);
    if (this.call === undefined) return;
    const stream = this.#calls.stream(this.call, target, flow.ends.remote.host, "exactly");
    if (typeof stream !== "string") this.streams[line.index] = stream;
  }

  host(host: string): string | undefined {
    const flow = this.#flow;
    if (flow === undefined) return undefined;
    const ours = host === flow.ends.inside.host || this.#mediaHost(host) === "allowed";
    return ours ? flow.ends.outside.host : undefined;
  }

  #findCall(binding: Binding): void {
    if (this.call !== undefined) return;
    const known = this.#calls.find(binding, this.#message.callId);
    this.madeCall = known === undefined;
    this.call = known ?? this.#calls.life.begin(binding, this.#message.callId, this.#now);
  }
}

/** Where the RTCP of a line goes, if it is to the port behind its RTP or to the same one. */
function rtcpOfPair({ rtcp, host, port }: MediaDescription): Rtcp {
  if (rtcp.kind !== "explicit") return rtcp;
  return (rtcp.host ?? host) === host && rtcp.port === port + 1 ? { kind: "next" } : { kind: "none" };
}
