import type { Batch } from "../kernel/queue.ts";
import type { PassReason } from "../observe/counters.ts";
import { type EndpointKey, hostOf } from "../packet/address.ts";
import { familyOf } from "../packet/host.ts";
import { Ipv6View } from "../packet/ipv6-view.ts";
import { type PacketKind, PacketView } from "../packet/packet-view.ts";
import type { SipPacket } from "../packet/sip-packet.ts";
import { lengthAfter, writeUdpPacket } from "../packet/write-udp.ts";
import type { Binding, InsideHost } from "../table/binding.ts";
import type { TimerWheel } from "../table/timer-wheel.ts";
import type { GatewayContext, Outcome } from "./context.ts";
import { type ExternalAddress, externalHost } from "./external-address.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import type { MediaHostPolicy } from "./outbound-mapping.ts";
import type { Sides } from "./route.ts";
import { type Accept, Departures } from "./tcp/departures.ts";
import { TcpGateway } from "./tcp/tcp-gateway.ts";

/** What a packet that is neither UDP nor TCP is counted as. */
const UNREAD: Readonly<Record<Exclude<PacketKind, "udp" | "tcp" | "ipv6">, PassReason>> = {
  "other-protocol": "other-protocol",
  "not-ip": "not-ip",
  truncated: "truncated",
  "bad-length": "malformed-packet",
  fragment: "malformed-packet",
};

/** How often what the kernel answered is followed by other requests before the verdicts go out. */
const MOST_ROUNDS = 4;
/** Milliseconds between looks at TCP segments that are held. */
const HELD = 15;

/** Gateway is the one place where a packet becomes a verdict. */
export class Gateway {
  readonly #context: GatewayContext;
  readonly #sides: Sides;
  readonly #packet = new PacketView();
  readonly #ipv6Packet = new Ipv6View();
  /** The one of the two that views the packet of the moment. */
  #viewed: SipPacket = this.#packet;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #tcp: TcpGateway;
  #held: NodeJS.Timeout | undefined;
  readonly #wheel: TimerWheel;
  readonly #clock: () => number;

  /**
   * @param clock milliseconds, monotonic
   * @param accept gives the verdict of a packet that was held
   */
  constructor(
    context: GatewayContext,
    sides: Sides,
    mediaHost: MediaHostPolicy,
    wheel: TimerWheel,
    clock: () => number,
    accept: Accept,
  ) {
    this.#context = context;
    this.#wheel = wheel;
    this.#sides = sides;
    this.#outbound = new Outbound(context, mediaHost);
    this.#inbound = new Inbound(context);
    this.#tcp = new TcpGateway(
      context,
      new Outbound(context, mediaHost, "tcp"),
      new Inbound(context, "tcp"),
      new Departures(context, sides, accept),
    );
    this.#clock = clock;
  }

  /**
   * Gives each packet of a batch its outcome; the verdicts are sent when this returns. Whatever goes wrong with
   * one packet, it and all others are accepted.
   */
  handleBatch(batch: Batch): void {
    const context = this.#context;
    context.now = this.#clock();
    for (let index = 0; index < batch.count; index++) {
      try {
        const outcome = this.#handle(batch, index);
        if (outcome !== undefined) this.#conclude(batch, index, outcome);
      } catch (error) {
        // Fail open: what we cannot even fail at properly still passes as it came.
        context.counters.passed["internal-error"]++;
        context.budget.warn(context.now, { err: error }, "packet passes unmodified");
      }
    }
    // The kernel must know of a call's media before the message that announces it goes on.
    this.settle();
    this.#attempt(() => this.#tcp.conclude(batch));
    this.#watchHeld();
  }

  /** Sees to all timers; to be called a few times a second. */
  tick(): void {
    const context = this.#context;
    context.now = this.#clock();
    this.#attempt(() => this.#wheel.advance(context.now));
    this.#attempt(() => this.#tcp.tick());
    this.#attempt(() => context.calls.expectations.refill(context.now, false));
    this.settle();
    this.#attempt(() => context.stray.check(context.now));
  }

  /**
   * The outside interface has another address: every flow that is translated is pinned anew to it when its next
   * packet comes, and the media of every call expected at it. So a call goes on as soon as its phone speaks, with a
   * provider that answers to where media comes from (RFC 4961); others learn of it by the next SDP.
   */
  externalChanged(external: ExternalAddress): void {
    const context = this.#context;
    const { external: before } = context;
    const isAffected = ({ host, isTranslated }: InsideHost): boolean =>
      isTranslated && externalHost(before, familyOf(host)) !== externalHost(external, familyOf(host));
    const { udp, tcp } = context.bindings;
    const bindings = [...udp.values(), ...tcp.values()].filter(({ host }) => isAffected(host));
    for (const binding of bindings) {
      for (const flow of binding.flows.values()) context.pins.remove(binding, flow);
    }
    // A TCP connection does not outlive the address it was made with.
    this.#tcp.reset(({ host }) => isAffected(host));
    for (const binding of bindings) binding.flows.clear();
    context.calls.release(isAffected);
    this.settle();
    context.external = external;
    for (const call of context.calls.values()) context.calls.settle(call, context.now);
    this.settle();
  }

  /** The conntrack of a TCP connection has ended. */
  connectionEnded(binding: Binding, remote: EndpointKey): void {
    this.#attempt(() => this.#tcp.ended(binding, remote));
  }

  /** Carries out what the table now wants of the kernel. */
  settle(): void {
    const context = this.#context;
    this.#attempt(() => context.calls.expectations.refill(context.now, true));
    // What the kernel refuses may lead to other requests, and those to a few more.
    for (let round = 0; round < MOST_ROUNDS && context.conntrack.queued > 0; round++) {
      this.#attempt(() => context.conntrack.flush());
      this.#attempt(() => context.stray.check(context.now));
    }
  }

  /** Nothing the kernel answers may cost other packets their verdicts, or the daemon its life. */
  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#context.budget.warn(this.#context.now, { err: error }, "the kernel could not be told");
    }
  }

  #watchHeld(): void {
    if (!this.#tcp.isHolding || this.#held !== undefined) return;
    this.#held = setTimeout(() => {
      this.#held = undefined;
      this.#context.now = this.#clock();
      this.#attempt(() => this.#tcp.tick());
      this.#watchHeld();
    }, HELD).unref();
  }

  #handle(batch: Batch, index: number): Outcome | undefined {
    const inInterface = batch.inInterface(index);
    const outward = this.#sides.inside.has(inInterface);
    if (!outward && inInterface !== this.#sides.outside) return "other-interface";
    if (batch.isTruncated(index)) return "truncated";
    const [offset, length] = [batch.offset(index), batch.length(index)];
    this.#viewed = this.#packet;
    let kind = this.#packet.parse(batch.bytes, offset, length);
    if (kind === "ipv6") {
      this.#viewed = this.#ipv6Packet;
      kind = this.#ipv6Packet.parse(batch.bytes, offset, length);
    }
    const packet = this.#viewed;
    if (kind === "tcp") return this.#tcp.handle(packet, batch, index, outward);
    if (kind !== "udp") return UNREAD[kind];
    return outward
      ? this.#outbound.handle(packet, batch.bytes, inInterface, batch.mark(index))
      : this.#inbound.handle(packet, batch.bytes);
  }

  #conclude(batch: Batch, index: number, outcome: Outcome): void {
    const { counters, budget, now } = this.#context;
    if (typeof outcome === "string") {
      counters.passed[outcome]++;
      return;
    }
    const written = writeUdpPacket(
      this.#viewed,
      batch.bytes,
      outcome.edits,
      batch.output,
      batch.outputUsed,
      this.#sides.mtu,
    );
    if (written === 0 || !batch.replace(index, written)) {
      counters.passed["too-large"]++;
      const { source, destination, payloadLength } = this.#viewed;
      const flow = { source: hostOf(source), destination: hostOf(destination) };
      const translated = lengthAfter(payloadLength, outcome.edits);
      const fields = { ...flow, bytes: payloadLength, translated, mtu: this.#sides.mtu };
      budget.warn(now, fields, "a message has grown too large and passes unmodified");
      return;
    }
    counters.translated++;
  }
}
