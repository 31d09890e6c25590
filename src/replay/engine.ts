import { pino } from "pino";
import type { Config } from "../config/schema.ts";
import type { GatewayContext, Outcome } from "../gateway/context.ts";
import { externalAddress } from "../gateway/external-address.ts";
import { payloadText } from "../gateway/flow-of.ts";
import { Inbound } from "../gateway/inbound.ts";
import { mediaHostPolicy } from "../gateway/media-hosts.ts";
import { modeRules } from "../gateway/modes.ts";
import { Outbound } from "../gateway/outbound.ts";
import { makeTables } from "../gateway/tables.ts";
import { Counters } from "../observe/counters.ts";
import { type Address, endpointKey } from "../packet/address.ts";
import type { Transport } from "../packet/endpoint.ts";
import { inNetwork } from "../packet/in-network.ts";
import { numberToIpv4 } from "../packet/ipv4.ts";
import type { PacketView } from "../packet/packet-view.ts";
import type { SipMessage } from "../sip/message.ts";
import type { ScanResult } from "../sip/scan.ts";
import type { Binding } from "../table/binding.ts";
import { unobserved } from "../table/observer.ts";
import { TimerWheel } from "../table/timer-wheel.ts";
import type { Edit } from "../translate/translation.ts";
import { RecordedArming } from "./arming.ts";
import { bodyLeft, hairpinsOf } from "./explain.ts";
import type { ReplayedMessage } from "./message.ts";
import { NO_KERNEL } from "./no-kernel.ts";
import type { CaptureSides } from "./side.ts";

/** Which way a message went, and on which side of the gateway an inbound one was captured. */
export type MessageSide = "outbound" | "inbound-inside" | "inbound-outside";

const NO_EDITS: readonly Edit[] = [];
const NOTHING_LEFT: Pick<ReplayedMessage, "bodyLeft" | "hairpins"> = { bodyLeft: undefined, hairpins: [] };

/** Engine is the gateway's own handling of messages, without a kernel and in the time of the capture. */
export class Engine {
  readonly #sides: CaptureSides;
  readonly #arming = new RecordedArming();
  readonly #wheel: TimerWheel;
  readonly #context: GatewayContext;
  readonly #outbound: Readonly<Record<Transport, Outbound>>;
  readonly #inbound: Readonly<Record<Transport, Inbound>>;
  #reason: string | undefined;
  #detail: string | undefined;

  /** @param start time of the first packet, milliseconds */
  constructor(config: Config, sides: CaptureSides, start: number) {
    this.#sides = sides;
    this.#wheel = new TimerWheel(start);
    const isInside = (address: Address): boolean =>
      typeof address === "number" && sides.inside.some((network) => network.contains(address));
    this.#context = {
      ...makeTables(config, Number.POSITIVE_INFINITY, this.#wheel, this.#arming, unobserved, () => false),
      ...NO_KERNEL,
      counters: new Counters(),
      log: pino({ enabled: false }),
      budget: { warn: (_now, fields) => this.#note(fields) },
      routeOf: (destination) => (isInside(destination) ? "inside-destination" : "outside"),
      isServed: isInside,
      isPeer: () => false,
      modeOf: modeRules(config),
      routing: 0,
      now: start,
      external: externalAddress(numberToIpv4(sides.external), config.advertise),
    };
    const networks = [isInside, ...config.networks.map(inNetwork)];
    const mediaHost = mediaHostPolicy(
      (address) => networks.some((contains) => contains(address)),
      config.media.hosts.map(inNetwork),
    );
    const context = this.#context;
    this.#outbound = {
      udp: new Outbound(context, mediaHost, "udp"),
      tcp: new Outbound(context, mediaHost, "tcp"),
    };
    this.#inbound = { udp: new Inbound(context, "udp"), tcp: new Inbound(context, "tcp") };
  }

  /** @param now milliseconds; a time that runs backward is taken for the latest */
  advance(now: number): void {
    this.#context.now = Math.max(this.#context.now, now);
    this.#wheel.advance(this.#context.now);
  }

  /** Handles the message that is the payload of `packet`, which views it in `bytes`. */
  handle(
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
    this.#reason = undefined;
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
        ? this.#context.bindings[transport].byPort(inside.port, "ipv4")
        : this.#context.bindings[transport].byInside(endpointKey(inside.address, inside.port));
    const { external } = this.#context;
    const ends = {
      inside: binding?.inside ?? { host: numberToIpv4(inside.address), port: inside.port },
      outside: binding === undefined ? undefined : { host: external.host, port: binding.port },
      remote: { host: numberToIpv4(remote.address), port: remote.port },
    };
    const read = scanned.kind === "message" ? scanned.message : undefined;
    const translates = typeof outcome !== "string" || outcome === "nothing-to-change";
    return {
      direction,
      transport,
      ...ends,
      callId: read?.callId,
      method: read?.method,
      text,
      outcome,
      // Of a message that is translated, what the log says is told by the fields below.
      reason: scanned.kind === "not-sip" ? scanned.reason : translates ? undefined : this.#reason,
      detail: scanned.kind === "not-sip" ? `at byte ${scanned.at}` : this.#detail,
      edits: typeof outcome === "string" ? NO_EDITS : outcome.edits,
      ...(read === undefined || !translates ? NOTHING_LEFT : this.#explain(read, direction, transport, ends)),
      media: this.#arming.take(),
      assumed,
    };
  }

  /** What the engine's outcome does not tell of a message. */
  #explain(
    message: SipMessage,
    direction: "outbound" | "inbound",
    transport: Transport,
    { inside, outside, remote }: Pick<ReplayedMessage, "inside" | "outside" | "remote">,
  ): Pick<ReplayedMessage, "bodyLeft" | "hairpins"> {
    if (outside === undefined) return NOTHING_LEFT;
    const { calls, external } = this.#context;
    const advertised = { host: external.advertised, port: outside.port };
    return {
      bodyLeft: bodyLeft(message, direction, { inside, outside: advertised, remote, transport }),
      hairpins: direction === "inbound" ? hairpinsOf(message, calls.streams, external.advertised) : [],
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
    if ("reason" in fields) this.#reason = String(fields.reason);
    if ("detail" in fields && fields.detail !== "") this.#detail = String(fields.detail);
  }
}
