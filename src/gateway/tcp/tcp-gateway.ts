import type { Batch } from "../../kernel/queue.ts";
import type { PassReason } from "../../observe/counters.ts";
import { type EndpointKey, endpointKey } from "../../packet/address.ts";
import type { SipPacket } from "../../packet/sip-packet.ts";
import { readSegment, type TcpSegment } from "../../packet/tcp-segment.ts";
import { mayBeginSip } from "../../sip/stream-start.ts";
import type { Binding } from "../../table/binding.ts";
import { addressee } from "../addressee.ts";
import type { GatewayContext } from "../context.ts";
import type { Inbound } from "../inbound.ts";
import type { Outbound } from "../outbound.ts";
import { beginHalf } from "./begin-half.ts";
import { type Connection, Connections, giveUpHalves, newConnection } from "./connections.ts";
import type { Departures } from "./departures.ts";
import type { HalfName, HeldSegment } from "./held-segment.ts";
import { Holding } from "./holding.ts";
import { MessageReader } from "./message-reader.ts";
import { mayOpen, openInbound, openOutbound } from "./opening.ts";
import { Strangers } from "./strangers.ts";

/** Milliseconds a connection is remembered for that both sides have closed: a last segment may be sent again. */
const CLOSED = 2000;

/**
 * TcpGateway follows the TCP connections that may carry SIP, from their SYN on (RFC 3261 §18.3), and those that an
 * earlier run has followed. Segments of a message that is not whole yet are held; what does not begin as SIP, or whose
 * beginning nobody saw, passes as it came. In mode pinhole, in which no byte is changed, none is held: the kernel knows of
 * the media before the last segment goes.
 */
export class TcpGateway {
  readonly #context: GatewayContext;
  readonly #reader: MessageReader;
  readonly #departures: Departures;
  readonly #connections = new Connections();
  /** Those that have ended, and when, in milliseconds. */
  readonly #closed = new Map<Connection, number>();
  readonly #strangers: Strangers;
  readonly #holding: Holding;

  constructor(context: GatewayContext, outbound: Outbound, inbound: Inbound, departures: Departures) {
    this.#context = context;
    this.#reader = new MessageReader(context, outbound, inbound, (connection) => this.#notSip(connection));
    this.#departures = departures;
    this.#strangers = new Strangers(context);
    this.#holding = new Holding(context, departures);
  }

  /** True while segments are held. */
  get isHolding(): boolean {
    return this.#holding.size > 0;
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

  /** Gives their verdicts to all segments that have been taken in and can go, and holds the others. */
  conclude(batch: Batch): void {
    this.#holding.concludeBatch(batch);
  }

  /** To be called every few milliseconds while segments are held, and a few times a second in any case. */
  tick(): void {
    const { now } = this.#context;
    this.#holding.tick();
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
    const isOpen = known !== undefined && !this.#closed.has(known);
    if (!mayOpen(segment, began, isOpen)) return "stream-unknown";
    if (known !== undefined) this.#forget(known);
    if (this.#connections.isFull) return "stream-unknown";
    const opened =
      began === "outbound"
        ? openOutbound(this.#context, packet, batch.inInterface(index), batch.mark(index))
        : openInbound(this.#context, packet);
    return typeof opened === "string" ? opened : this.#add({ ...opened, began, adjusted: undefined });
  }

  #add(begun: Pick<Connection, "binding" | "flow" | "began" | "adjusted">): Connection {
    const connection = newConnection(begun);
    this.#connections.add(connection);
    begun.binding.connections++;
    return connection;
  }

  #take(connection: Connection, name: HalfName, segment: TcpSegment, batch: Batch, index: number): void {
    const { halves } = connection;
    const half = beginHalf(connection, name, segment, this.#departures.roomOf(connection));
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
    this.#holding.add(connection, held);
    if (half === undefined) return;
    if (payload.length > 0 && !syn) {
      if (name !== connection.began && !connection.isSip) this.#notSip(connection);
      half.take(held, this.#reader.of(connection, name));
      if (!connection.isSip && !mayBeginSip(half.beginning())) this.#notSip(connection);
    }
    if (fin) half.finish(end);
    if (fin) connection.finished.add(name);
    if ((rst && start === half.next) || connection.finished.size === 2) this.#close(connection);
  }

  /** What does not begin as SIP is none for good: a browser made to send it must not open anything (slipstreaming). */
  #notSip(connection: Connection): void {
    this.#context.counters.passed["not-sip"]++;
    giveUpHalves(connection);
    this.#detach(connection);
    const { binding } = connection;
    if (binding.isUnused) this.#context.bindings.tcp.close(binding);
  }

  #close(connection: Connection): void {
    if (!this.#closed.has(connection)) this.#closed.set(connection, this.#context.now);
  }

  #forget(connection: Connection): void {
    giveUpHalves(connection);
    this.#holding.release(connection);
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
