import { addressOf, endpointKey, hostOf, keyOfEndpoint } from "../packet/address.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { SipPacket } from "../packet/sip-packet.ts";
import { HeaderTable } from "../sip/headers.ts";
import type { SipMessage } from "../sip/message.ts";
import { type ScanResult, scan } from "../sip/scan.ts";
import type { Binding } from "../table/binding.ts";
import type { BindingRefusal } from "../table/bindings.ts";
import type { Flow } from "../table/flows.ts";
import type { Refusal } from "../translate/mapping.ts";
import { translateOutbound } from "../translate/outbound.ts";
import { observeMedia } from "../translate/pinhole.ts";
import { type Skipped, skipped, type Translation } from "../translate/translation.ts";
import { mayLeave } from "./admission.ts";
import { negotiates, noteRequest, progressCall, startsCall } from "./call-progress.ts";
import type { GatewayContext, Outcome } from "./context.ts";
import { flowOf, payloadText } from "./flow-of.ts";
import { listeners } from "./listeners.ts";
import { type MediaHostPolicy, OutboundMapping } from "./outbound-mapping.ts";
import { reportRefusal } from "./refusal.ts";
import { noteRegister } from "./registration.ts";
import { reportBodyLeft, reportSkipped } from "./report.ts";

/** Outbound turns a packet from a phone into what the outside may see of it. */
export class Outbound {
  readonly #context: GatewayContext;
  readonly #transport: Transport;
  readonly #mapping: OutboundMapping;
  readonly #headers = new HeaderTable();

  /** @param transport what the packets are of; one instance serves one transport */
  constructor(context: GatewayContext, mediaHost: MediaHostPolicy, transport: Transport = "udp") {
    this.#context = context;
    this.#transport = transport;
    const listeners = {
      find: (inside: Endpoint, transport: Transport) => this.#knownListener(inside, transport),
      make: (inside: Endpoint, transport: Transport) => this.#newListener(inside, transport),
    };
    this.#mapping = new OutboundMapping(context.calls, listeners, mediaHost);
  }

  /** @param bytes what `packet` is a view of */
  handle(packet: SipPacket, bytes: Buffer, inInterface: number, mark: number): Outcome {
    const context = this.#context;
    context.counters.outbound++;
    if (packet.payloadLength === 0) return "empty";
    const { source, sourcePort, destination, destinationPort } = packet;
    const known = context.bindings[this.#transport].byInside(endpointKey(source, sourcePort));
    let flow = known?.flows.get(endpointKey(destination, destinationPort));
    if (flow?.routing !== context.routing) {
      const admission = mayLeave(context, packet, inInterface, mark);
      if (admission !== "allowed") return admission;
    }
    const scanned = scan(payloadText(packet, bytes), this.#headers);
    const binding = known ?? this.#bind(scanned, packet);
    if (typeof binding === "string") return binding;
    flow ??= flowOf(context, binding, destination, destinationPort);
    flow.routing = context.routing;
    const failure = context.pins.ensure(binding, flow, "outbound", context.now);
    if (failure !== undefined) {
      context.budget.warn(context.now, { flow: flow.ends, code: failure }, "flow could not be pinned");
      return "pin-failed";
    }
    binding.spokeAt = context.now;
    if (scanned.kind !== "message") return scanned.kind;
    context.bindings[this.#transport].spokeTo(binding, destination);
    noteRegister(binding.host, destination, scanned.message);
    return this.#translate(scanned.message, binding, flow);
  }

  /** Takes one message of a TCP connection, whose binding and flow came with its SYN. */
  message(text: string, binding: Binding, flow: Flow): Outcome {
    const context = this.#context;
    const scanned = scan(text, this.#headers);
    if (scanned.kind !== "message") return scanned.kind;
    const remote = addressOf(flow.ends.remote.host);
    binding.spokeAt = context.now;
    context.bindings[this.#transport].spokeTo(binding, remote);
    noteRegister(binding.host, remote, scanned.message);
    return this.#translate(scanned.message, binding, flow);
  }

  /** Only a SIP message makes a binding; what the kernel already mapped for the endpoint is kept. */
  #bind(scanned: ScanResult, packet: SipPacket): Binding | BindingRefusal | "keep-alive" | "not-sip" {
    if (scanned.kind !== "message") return scanned.kind;
    const context = this.#context;
    const inside = { host: hostOf(packet.source), port: packet.sourcePort };
    const remote = { host: hostOf(packet.destination), port: packet.destinationPort };
    const inUse = context.pins.portInUse(inside, remote, this.#transport);
    const key = endpointKey(packet.source, packet.sourcePort);
    const made = context.bindings[this.#transport].create(key, inside, context.now, inUse);
    return typeof made === "string" ? reportRefusal(context, made) : made;
  }

  #knownListener(inside: Endpoint, transport: Transport): Binding | undefined {
    const { bindings, now } = this.#context;
    const known = bindings[transport].byInside(keyOfEndpoint(inside));
    if (known !== undefined) known.spokeAt = now;
    return known;
  }

  #newListener(inside: Endpoint, transport: Transport): Binding | Refusal {
    const { bindings, now } = this.#context;
    const made = bindings[transport].create(keyOfEndpoint(inside), inside, now);
    return typeof made === "string" ? { refused: made } : made;
  }

  #translate(message: SipMessage, binding: Binding, flow: Flow): Outcome {
    const context = this.#context;
    const mapping = this.#mapping;
    mapping.begin(binding, flow, message, context.now);
    if (flow.pinhole) return this.#openOnly(message, binding, flow);
    const translation: Translation = translateOutbound(message, flow.ends, mapping);
    if (translation.kind === "skipped") return this.#skip(message, translation);
    if (translation.bodyLeft !== undefined) {
      for (const { line } of translation.media) mapping.observe(line);
      reportBodyLeft(context, message, translation.bodyLeft);
    }
    this.#follow(message, binding, translation);
    if (translation.edits.length === 0) return "nothing-to-change";
    return { edits: translation.edits };
  }

  /** Mode pinhole: the media of the message is opened, the message goes on as it came. */
  #openOnly(message: SipMessage, binding: Binding, flow: Flow): Outcome {
    // What is translated listens outside at ports that translation gives it; in mode pinhole a phone sees to those itself.
    if (!binding.host.isTranslated) {
      for (const { inside, transport } of listeners(message, flow)) {
        if (this.#knownListener(inside, transport) === undefined) this.#newListener(inside, transport);
      }
    }
    const seen = observeMedia(message);
    if (seen.kind === "skipped") return this.#skip(message, seen);
    for (const { line } of seen.media) {
      const given = line.port === 0 || line.held ? undefined : this.#mapping.media(line);
      if (given === undefined || !("refused" in given)) continue;
      return this.#skip(message, skipped(given.refused, `m=${line.media}`));
    }
    this.#follow(message, binding, seen);
    return "mode-pinhole";
  }

  /** Of a message that passes unmodified nothing is kept: what stands before the refused place may have had its ports. */
  #skip(message: SipMessage, why: Skipped): Outcome {
    const { call, madeCall, made } = this.#mapping;
    if (call !== undefined && madeCall) this.#context.calls.life.close(call);
    for (const binding of made) this.#context.bindings[binding.transport].close(binding);
    return reportSkipped(this.#context, message, why, "outbound");
  }

  #follow(
    message: SipMessage,
    binding: Binding,
    translation: Extract<Translation, { kind: "translated" }>,
  ): void {
    const { calls, now } = this.#context;
    const call = this.#mapping.call ?? calls.find(binding, message.callId);
    if (call === undefined) return;
    calls.insideSpoke(call);
    if (startsCall(message)) calls.revive(call, now);
    noteRequest(call, message);
    if (translation.media.length > 0 && negotiates(message)) {
      const tag = message.kind === "request" ? message.fromTag : message.toTag;
      for (const { line } of translation.media) if (line.held) this.#mapping.hold(line, call);
      const muxed = translation.media.map((use) => use.line.rtcp.kind === "mux");
      calls.insideSaid(call, tag, this.#mapping.streams, muxed);
      calls.settle(call, now);
    } else if (this.#mapping.madeCall && !negotiates(message)) {
      // An answer to OPTIONS describes what a phone can do; nothing will be sent there. In a call, an SDP that is no
      // offer and no answer, as of an INFO that trickles candidates, leaves the call as it is.
      calls.life.end(call, "not-a-call", now);
    }
    progressCall(calls, call, message, "outbound", now);
  }
}
