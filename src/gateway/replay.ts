import { pino } from "pino";
import type { Config } from "../config/schema.ts";
import { Counters } from "../observe/counters.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { numberToIpv4 } from "../packet/ipv4.ts";
import { Network } from "../packet/network.ts";
import type { PacketView } from "../packet/packet-view.ts";
import { Header } from "../sip/header-names.ts";
import { type ScanResult, scan } from "../sip/scan.ts";
import type { Binding } from "../table/bindings.ts";
import { TimerWheel } from "../table/timer-wheel.ts";
import type { Edit } from "../translate/translation.ts";
import { endpointKey, type GatewayContext, type Outcome, type Pinning } from "./context.ts";
import { externalAddress } from "./external-address.ts";
import { payloadText } from "./flow-of.ts";
import { Inbound } from "./inbound.ts";
import { mediaHostPolicy } from "./media-hosts.ts";
import { modeRules } from "./modes.ts";
import { Outbound } from "./outbound.ts";
import { type MediaChange, RecordedArming } from "./replay-arming.ts";
import { type CaptureSides, sideOf } from "./replay-side.ts";
import { makeTables } from "./tables.ts";

/** One SIP message of a capture, and what the gateway would have done with it. */
export interface ReplayedMessage {
  readonly direction: "outbound" | "inbound";
  readonly transport: Transport;
  readonly inside: Endpoint;
  /** What the inside endpoint appears as; undefined when it was given no external port. */
  readonly outside: Endpoint | undefined;
  readonly remote: Endpoint;
  /** undefined for what looks like SIP and cannot be read. */
  readonly callId: string | undefined;
  /** As captured, one latin1 character per byte. */
  readonly text: string;
  readonly outcome: Outcome;
  /** What the log would say of a message that passes unmodified. */
  readonly detail: string | undefined;
  readonly edits: readonly Edit[];
  readonly media: readonly MediaChange[];
  /** The inside endpoint was not heard before this: it was taken to have registered before the capture began. */
  readonly assumed: boolean;
}

/** What a packet held for the gateway: messages, or why none of it was followed. */
export type Replayed = readonly ReplayedMessage[] | { readonly left: string };

const NO_EDITS: readonly Edit[] = [];

/** There is no kernel: every flow is taken to have its conntrack, and no port to be in use. */
const pinned: Pinning = {
  portInUse: () => undefined,
  ensure: () => undefined,
  remove: () => undefined,
};

/** Replay runs captured packets through the gateway's own engine, in the time of the capture. */
export class Replay {
  readonly #sides: CaptureSides;
  readonly #arming = new RecordedArming();
  readonly #wheel: TimerWheel;
  readonly #context: GatewayContext;
  readonly #outbound: Readonly<Record<Transport, Outbound>>;
  readonly #inbound: Readonly<Record<Transport, Inbound>>;
  #detail: string | undefined;

  /** @param start time of the first packet, milliseconds */
  constructor(config: Config, sides: CaptureSides, start: number) {
    this.#sides = sides;
    this.#wheel = new TimerWheel(start);
    const isInside = (address: number): boolean => sides.inside.some((network) => network.contains(address));
    this.#context = {
      ...makeTables(config, this.#wheel, this.#arming, () => false),
      pins: pinned,
      conntrack: { flush: () => undefined },
      stray: { check: () => undefined },
      counters: new Counters(),
      log: pino({ enabled: false }),
      budget: { warn: (_now, fields) => this.#note(fields) },
      routeOf: (destination) => (isInside(destination) ? "inside-destination" : "outside"),
      isTranslated: isInside,
      modeOf: modeRules(config.modes),
      now: start,
      external: externalAddress(numberToIpv4(sides.external), config.advertise),
    };
    const networks = [...sides.inside, ...config.networks.map(Network.parse)];
    const mediaHost = mediaHostPolicy(networks, config.media.hosts.map(Network.parse));
    const context = this.#context;
    this.#outbound = {
      udp: new Outbound(context, mediaHost, "udp"),
      tcp: new Outbound(context, mediaHost, "tcp"),
    };
    this.#inbound = { udp: new Inbound(context, "udp"), tcp: new Inbound(context, "tcp") };
  }

  /**
   * Takes the next packet, which `packet` views in `bytes`.
   *
   * @param now its time in milliseconds; one that runs backward is taken for the latest
   */
  take(packet: PacketView, bytes: Buffer, transport: Transport, now: number): Replayed {
    const side = sideOf(packet, this.#sides);
    if (side === "elsewhere") return { left: "packets between two outside hosts" };
    if (side === "outside-leg") return { left: "packets captured on the outside of the gateway" };
    if (packet.payloadLength === 0) return { left: "packets without payload" };
    this.#context.now = Math.max(this.#context.now, now);
    this.#wheel.advance(this.#context.now);
    if (transport === "tcp") return this.#takeSegment(packet, bytes, side);
    const scanned = scan(payloadText(packet, bytes));
    if (!isSip(scanned)) return { left: "UDP packets that are not SIP (media, keep-alives)" };
    return [this.#message(packet, bytes, transport, side, scanned)];
  }

  /** A segment is followed only when it holds whole messages, each with its Content-Length (RFC 3261 §18.3). */
  #takeSegment(packet: PacketView, bytes: Buffer, side: MessageSide): Replayed {
    const end = packet.payloadOffset + packet.payloadLength;
    const messages: { readonly start: number; readonly length: number; readonly scanned: ScanResult }[] = [];
    for (let start = packet.payloadOffset; start < end; ) {
      const scanned = scan(bytes.toString("latin1", start, end));
      if (scanned.kind === "keep-alive") break;
      if (scanned.kind !== "message" || !scanned.message.headers.has(Header.contentLength)) {
        return { left: "TCP segments that do not hold whole SIP messages" };
      }
      messages.push({ start, length: scanned.message.end, scanned });
      start += scanned.message.end;
    }
    return messages.map(({ start, length, scanned }) => {
      packet.payloadOffset = start;
      packet.payloadLength = length;
      return this.#message(packet, bytes, "tcp", side, scanned);
    });
  }

  #message(
    packet: PacketView,
    bytes: Buffer,
    transport: Transport,
    side: MessageSide,
    scanned: ScanResult,
  ): ReplayedMessage {
    const text = payloadText(packet, bytes);
    const inside = { address: packet.source, port: packet.sourcePort };
    const remote = { address: packet.destination, port: packet.destinationPort };
    const direction = side === "outbound" ? "outbound" : "inbound";
    const { destination, destinationPort } = packet;
    let assumed = false;
    let outcome: Outcome;
    this.#detail = undefined;
    if (side === "outbound") {
      outcome = this.#run(() => this.#outbound[transport].handle(packet, bytes, 0, 0));
    } else {
      [inside.address, inside.port] = [remote.address, remote.port];
      [remote.address, remote.port] = [packet.source, packet.sourcePort];
      if (side === "inbound-inside") assumed = this.#addressToGateway(packet, transport);
      outcome = this.#run(() => this.#inbound[transport].handle(packet, bytes));
      [packet.destination, packet.destinationPort] = [destination, destinationPort];
    }
    const binding =
      side === "inbound-outside"
        ? this.#context.bindings[transport].byPort(inside.port)
        : this.#context.bindings[transport].byInside(endpointKey(inside.address, inside.port));
    const { external } = this.#context;
    return {
      direction,
      transport,
      inside: binding?.inside ?? { host: numberToIpv4(inside.address), port: inside.port },
      outside: binding === undefined ? undefined : { host: external.host, port: binding.port },
      remote: { host: numberToIpv4(remote.address), port: remote.port },
      callId: scanned.kind === "message" ? scanned.message.callId : undefined,
      text,
      outcome,
      detail: scanned.kind === "not-sip" ? `${scanned.reason} at byte ${scanned.at}` : this.#detail,
      edits: typeof outcome === "string" ? NO_EDITS : outcome.edits,
      media: this.#arming.take(),
      assumed,
    };
  }

  /** As in the gateway, one packet's failure is its own. */
  #run(handle: () => Outcome): Outcome {
    try {
      return handle();
    } catch (error) {
      this.#detail = error instanceof Error ? error.message : String(error);
      return "internal-error";
    }
  }

  /**
   * Gives a packet that was captured behind the NAT the destination it had before it. What the phone wrote stands
   * in it as the phone wrote it, which inbound translation leaves alone.
   *
   * @returns true when the phone was not known yet
   */
  #addressToGateway(packet: PacketView, transport: Transport): boolean {
    const key = endpointKey(packet.destination, packet.destinationPort);
    const bindings = this.#context.bindings[transport];
    const inside = { host: numberToIpv4(packet.destination), port: packet.destinationPort };
    const known = bindings.byInside(key);
    const binding: Binding | string = known ?? bindings.create(key, inside, this.#context.now);
    packet.destination = this.#sides.external;
    if (typeof binding === "string") return false;
    packet.destinationPort = binding.port;
    if (known === undefined) binding.host.spokeTo(packet.source);
    return known === undefined;
  }

  #note(fields: object): void {
    const reason = "reason" in fields ? String(fields.reason) : "";
    const detail = "detail" in fields && fields.detail !== "" ? ` (${String(fields.detail)})` : "";
    this.#detail = `${reason}${detail}`;
  }
}

type MessageSide = "outbound" | "inbound-inside" | "inbound-outside";

/** True for SIP, and for what begins as SIP does and cannot be read. */
function isSip(scanned: ScanResult): boolean {
  if (scanned.kind === "message") return true;
  return scanned.kind === "not-sip" && scanned.reason !== "no-start-line" && scanned.reason !== "stun";
}
