import type { Batch } from "../../kernel/queue.ts";
import type { PassReason } from "../../observe/counters.ts";
import { addressOf, type EndpointKey, endpointKey } from "../../packet/address.ts";
import type { SipPacket } from "../../packet/sip-packet.ts";
import { readSegment, type TcpSegment } from "../../packet/tcp-segment.ts";
import { mayBeginSip } from "../../sip/stream-start.ts";
import type { Binding } from "../../table/binding.ts";
import type { Edit } from "../../translate/translation.ts";
import { addressee } from "../addressee.ts";
import type { GatewayContext, Outcome } from "../context.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import { type Connection, Connections } from "./connections.ts";
import type { Departures } from "./departures.ts";
import { openInbound, openOutbound } from "./opening.ts";
import { resumeHalf } from "./resume-half.ts";
import type { HalfName, HeldSegment } from "./segments.ts";
import { Strangers } from "./strangers.ts";
import { StreamHalf, type StreamReader } from "./stream-half.ts";

const NO_EDITS: readonly Edit[] = [];
/** Milliseconds a connection is remembered for that both sides have closed: a last segment may be sent again. */
const CLOSED = 2000;
/** Milliseconds without the rest of a message after which something of it is sent ahead, and after which it is given up. */
const AHEAD = 30;
const PATIENCE = 5000;
/** Why a connection is given up of which a segment went as it came, in a stream that has other numbers. */
const TOO_LARGE = "a segment has grown too large";
/** Segments of all connections that may wait. */
const MOST_HELD = 4096;

/**
 * TcpGateway follows the TCP connections that may carry SIP, from their SYN on (RFC 3261 §18.3), and those that an
 * earlier run has followed. Segments of a message that is not whole yet are held; what does not begin as SIP, or whose
 * beginning nobody saw, passes as it came. In mode pinhole, in which no byte is changed, none is held: the kernel knows of
 * the media before the last segment goes.
 */
export class TcpGateway {
  readonly #context: GatewayContext;
  readonly #outbound: Outbound;
  readonly #inbound: Inbound;
  readonly #departures: Departures;
  readonly #connections = new Connections();
  /** Those with segments that have no verdict yet. */
  readonly #waiting = new Set<Connection>();
  /** Those of which the present batch has segments. */
  readonly #touched = new Set<Connection>();
  /** Those that have ended, and when, in milliseconds. */
  readonly #closed = new Map<Connection, number>();
  readonly #strangers: Strangers;
  #held = 0;

  constructor(context: GatewayContext, outbound: Outbound, inbound: Inbound, departures: Departures) {
    this.#context = context;
    this.#outbound = outbound;
    this.#inbound = inbound;
    this.#departures = departures;
    this.#strangers = new Strangers(context);
  }

  /** True while segments are held. */
  get isHolding(): boolean {
    return this.#held > 0;
  }

  /**
   * Takes in the segment that `packet` views in the batch.
   *
   * @returns why it passes as it came; undefined when `conclude` sees to it
   */
  handle(packet: SipPacket, batch: Batch, index: number, outward: boolean): PassReason | undefined {
    const context = this.#context;
    if (outward) context.counters.outbound++;
    else context.counters.inbound++;
    let connection = this.#find(packet, outward);
    if (connection === "not-external-address") return connection;
    const segment = readSegment(packet, batch.bytes);
    const half: HalfName = outward ? "outbound" : "inbound";
    if (segment.syn && segment.acknowledged === undefined) {
      const opened = this.#open(packet, segment, half, connection, batch, index);
      if (typeof opened === "string") return opened;
      connection = opened;
    }
    if (connection === undefined) {
      if (this.#connections.isFull) return "stream-unknown";
      const resumed = this.#strangers.take(packet, segment, outward);
      if (typeof resumed === "string") return resumed;
      connection = this.#add(resumed);
    }
    // Taken in, it would wait for what never comes, until the connection is given up.
    if (!segment.syn && connection.halves[half]?.isTooFar(segment.sequence)) return "stream-unknown";
    this.#take(connection, half, segment, batch, index);
    return undefined;
  }

  /**
   * Gives their verdicts to all segments that have been taken in and can go, and holds the others. Connections of
   * which this batch has nothing wait as they did: a phone that has many of them wait must not cost every packet.
   */
  conclude(batch: Batch): void {
    for (const connection of this.#touched) {
      this.#touched.delete(connection);
      try {
        this.#conclude(connection, batch);
      } catch (error) {
        // Fail open: what is in the batch is accepted as it came, and must not be looked for in the next one, neither
        // among the segments nor among the bytes that wait.
        this.#giveUp(connection, "an internal error");
        connection.segments = connection.segments.filter(({ packet }) => packet !== undefined);
        this.#context.budget.warn(this.#context.now, { err: error }, "segments pass unmodified");
      }
    }
  }

  /** To be called every few milliseconds while segments are held, and a few times a second in any case. */
  tick(): void {
    const { now } = this.#context;
    for (const connection of this.#waiting) {
      const waited = now - (connection.waitingSince ?? now);
      if (waited >= PATIENCE) this.#giveUp(connection, "the rest of a message did not come");
      else if (waited >= AHEAD && !connection.flow.pinhole) this.#sendAhead(connection);
      this.#conclude(connection, undefined);
    }
    for (const [connection, since] of this.#closed) {
      if (now - since < CLOSED) break;
      this.#forget(connection);
    }
  }

  /** The conntrack of a flow has ended, and with it the connection. */
  ended(binding: Binding, remote: EndpointKey): void {
    const connection = this.#connections.get(binding, remote);
    if (connection !== undefined) this.#forget(connection);
  }

  /** Forgets the connections of these bindings; what is held of them passes as it came. */
  reset(isAffected: (binding: Binding) => boolean): void {
    for (const connection of [...this.#connections.values()]) {
      if (isAffected(connection.binding)) this.#forget(connection);
    }
  }

  #find(packet: SipPacket, outward: boolean): Connection | "not-external-address" | undefined {
    const from = endpointKey(packet.source, packet.sourcePort);
    const binding = outward
      ? this.#context.bindings.tcp.byInside(from)
      : addressee(this.#context, packet.destination, packet.destinationPort, "tcp");
    if (binding === "not-external-address") return binding;
    if (binding === undefined || binding === "no-binding") return undefined;
    const remote = outward ? endpointKey(packet.destination, packet.destinationPort) : from;
    return this.#connections.get(binding, remote);
  }

  /** A SYN: of a new connection, or sent again. */
  #open(
    packet: SipPacket,
    segment: TcpSegment,
    began: HalfName,
    known: Connection | undefined,
    batch: Batch,
    index: number,
  ): Connection | PassReason {
    const first = (segment.sequence + 1) >>> 0;
    if (known?.halves[began]?.first === first) return known;
    // A stranger's SYN ends nobody's connection; a phone's own is one that has restarted.
    const isOpen = known !== undefined && !this.#closed.has(known);
    if (segment.payload.length > 0 || (isOpen && began === "inbound")) return "stream-unknown";
    if (known !== undefined) this.#forget(known);
    if (this.#connections.isFull) return "stream-unknown";
    const outward = began === "outbound";
    const opened = outward
      ? openOutbound(this.#context, packet, batch.inInterface(index), batch.mark(index))
      : openInbound(this.#context, packet);
    return typeof opened === "string" ? opened : this.#add({ ...opened, began, adjusted: undefined });
  }

  #add(begun: Pick<Connection, "binding" | "flow" | "began" | "adjusted">): Connection {
    const { host, port } = begun.flow.ends.remote;
    const connection: Connection = {
      ...begun,
      remote: endpointKey(addressOf(host), port),
      halves: { outbound: undefined, inbound: undefined },
      expected: undefined,
      segments: [],
      isSip: begun.adjusted !== undefined,
      waitingSince: undefined,
      finished: new Set(),
    };
    this.#connections.add(connection);
    begun.binding.connections++;
    return connection;
  }

  #take(connection: Connection, name: HalfName, segment: TcpSegment, batch: Batch, index: number): void {
    const { halves } = connection;
    const half = halfOf(connection, name, segment, this.#departures.roomOf(connection));
    halves[name] = half;
    const other = halves[name === "outbound" ? "inbound" : "outbound"];
    const start = half === undefined ? 0 : half.offset(segment.sequence);
    const { acknowledged, syn, fin, rst, payload } = segment;
    const end = start + payload.length;
    if (acknowledged !== undefined) {
      if (other !== undefined) other.acknowledge(other.outputOffset(acknowledged));
      // From outside, anybody may say so.
      else if (name === "outbound") connection.expected = acknowledged;
    }
    const held: HeldSegment = {
      half: name,
      start,
      end,
      payload,
      acknowledged,
      syn,
      fin,
      isRepeated: half?.waitsFor(end) ?? false,
      id: batch.id(index),
      index,
      packet: undefined,
    };
    connection.segments.push(held);
    this.#waiting.add(connection);
    this.#touched.add(connection);
    if (half === undefined) return;
    if (payload.length > 0 && !syn) {
      if (name !== connection.began && !connection.isSip) this.#notSip(connection);
      half.take(held, this.#reader(connection, name));
      if (!connection.isSip && !mayBeginSip(half.beginning())) this.#notSip(connection);
    }
    if (fin) half.finish(end);
    if (fin) connection.finished.add(name);
    if ((rst && start === half.next) || connection.finished.size === 2) this.#close(connection);
  }

  #reader(connection: Connection, name: HalfName): StreamReader {
    const { binding, flow } = connection;
    return {
      message: (text) => {
        connection.isSip = true;
        const outcome = this.#attempt(() =>
          name === "outbound"
            ? this.#outbound.message(text, binding, flow)
            : this.#inbound.message(text, binding, flow),
        );
        if (typeof outcome === "string") {
          this.#context.counters.passed[outcome]++;
          return NO_EDITS;
        }
        this.#context.counters.translated++;
        return outcome.edits;
      },
      left: () => {
        if (connection.isSip) this.#context.counters.passed["not-sip"]++;
        else this.#notSip(connection);
      },
    };
  }

  #attempt(work: () => Outcome): Outcome {
    try {
      return work();
    } catch (error) {
      // Fail open: the message passes as it came, and the stream goes on.
      this.#context.budget.warn(this.#context.now, { err: error }, "message passes unmodified");
      return "internal-error";
    }
  }

  /** What does not begin as SIP is none for good: a browser made to send it must not open anything (slipstreaming). */
  #notSip(connection: Connection): void {
    this.#context.counters.passed["not-sip"]++;
    for (const half of ["outbound", "inbound"] as const) connection.halves[half]?.giveUp();
    this.#detach(connection);
    const { binding } = connection;
    if (binding.isUnused) this.#context.bindings.tcp.close(binding);
  }

  #giveUp(connection: Connection, reason: string): void {
    for (const half of ["outbound", "inbound"] as const) connection.halves[half]?.giveUp();
    const { now, budget, counters } = this.#context;
    counters.passed["stream-given-up"]++;
    budget.warn(now, { flow: connection.flow.ends, reason }, "TCP flow passes as it is from here on");
  }

  #conclude(connection: Connection, batch: Batch | undefined): void {
    this.#departures.adjust(connection);
    const waits = (segment: HeldSegment): boolean => !mayGo(connection, segment);
    if (this.#held >= MOST_HELD && connection.segments.some(waits)) {
      this.#giveUp(connection, "too many segments of other flows wait for the rest of their messages");
    }
    const held: HeldSegment[] = [];
    for (const segment of connection.segments) {
      if (waits(segment)) held.push(segment);
      else {
        if (segment.packet !== undefined) this.#held--;
        if (!this.#departures.send(connection, segment, batch)) this.#giveUp(connection, TOO_LARGE);
      }
    }
    for (const segment of held) {
      if (batch === undefined || segment.packet !== undefined) continue;
      keep(batch, segment);
      if (!connection.flow.pinhole) batch.hold(segment.index);
      segment.index = -1;
      this.#held++;
    }
    connection.segments = held;
    if (held.length === 0) {
      connection.waitingSince = undefined;
      this.#waiting.delete(connection);
    } else connection.waitingSince ??= this.#context.now;
  }

  #sendAhead(connection: Connection): void {
    for (const name of ["outbound", "inbound"] as const) {
      const half = connection.halves[name];
      const segment = connection.segments
        .filter((each) => each.half === name && each.payload.length > 0)
        .sort((one, another) => one.start - another.start)[0];
      const rendered = segment && half?.sendAhead(segment.start, segment.payload);
      if (segment === undefined || rendered === undefined) continue;
      this.#departures.adjust(connection);
      if (!this.#departures.sendAs(connection, segment, rendered, undefined))
        this.#giveUp(connection, TOO_LARGE);
      connection.segments = connection.segments.filter((each) => each !== segment);
      this.#held--;
    }
  }

  #close(connection: Connection): void {
    if (!this.#closed.has(connection)) this.#closed.set(connection, this.#context.now);
  }

  #forget(connection: Connection): void {
    for (const half of ["outbound", "inbound"] as const) connection.halves[half]?.giveUp();
    this.#conclude(connection, undefined);
    this.#detach(connection);
  }

  #detach(connection: Connection): void {
    this.#closed.delete(connection);
    if (!this.#connections.remove(connection)) return;
    const { binding, remote } = connection;
    if (binding.flows.get(remote) === connection.flow) binding.flows.delete(remote);
    this.#context.bindings.tcp.connectionEnded(binding, this.#context.now);
  }
}

function halfOf(
  connection: Connection,
  name: HalfName,
  segment: TcpSegment,
  room: number,
): StreamHalf | undefined {
  const half = connection.halves[name];
  if (connection.adjusted !== undefined) {
    const expected = name === "inbound" ? connection.expected : undefined;
    return half ?? resumeHalf(segment, connection.adjusted[name], room, expected);
  }
  if (!segment.syn) return half;
  const fresh = new StreamHalf(segment.sequence + 1, room);
  // A server that has forgotten the first SYN, as one that has many to answer, answers the next with another number.
  return half === undefined || (half.first !== fresh.first && !half.hasBegun) ? fresh : half;
}

function mayGo(connection: Connection, segment: HeldSegment): boolean {
  const half = connection.halves[segment.half];
  const hasNothingToWaitFor = segment.payload.length === 0 && !segment.fin;
  return (
    half === undefined || segment.syn || hasNothingToWaitFor || segment.isRepeated || half.mayGo(segment.end)
  );
}

/** The batch's memory is used again, so what waits is copied out of it. */
function keep(batch: Batch, segment: HeldSegment): void {
  const offset = batch.offset(segment.index);
  const packet = Buffer.from(batch.bytes.subarray(offset, offset + batch.length(segment.index)));
  segment.payload = packet.subarray(packet.length - segment.payload.length);
  segment.packet = packet;
}
