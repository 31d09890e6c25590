import type { Batch } from "../../kernel/queue.ts";
import { type Family, familyOf } from "../../packet/host.ts";
import { Ipv6View } from "../../packet/ipv6-view.ts";
import { PacketView } from "../../packet/packet-view.ts";
import type { OptionEdits } from "../../packet/tcp-options.ts";
import { writeTcpPacket } from "../../packet/write-tcp.ts";
import type { GatewayContext } from "../context.ts";
import type { Sides } from "../route.ts";
import type { Connection } from "./connections.ts";
import type { HalfName, HeldSegment } from "./held-segment.ts";
import type { Rendered } from "./segment-rendering.ts";
import { NO_SHIFT, type SequenceShift } from "./sequence-shift.ts";
import type { StreamHalf } from "./stream-half.ts";

/**
 * Bytes by which messages may grow within full segments, with IPv6 more: its addresses are longer, and what has grown past
 * the MTU cannot be fragmented. A segment size below the least is left (RFC 9293 §3.7.1, RFC 8200 §5).
 */
const SYN_OPTIONS: Readonly<Record<Family, OptionEdits>> = {
  ipv4: { lowerSegmentSize: { by: 200, least: 536 } },
  ipv6: { lowerSegmentSize: { by: 400, least: 820 } },
};
/** The longest headers of a segment: IPv6 without extensions, and TCP with all of its options. */
const IPV6_HEADERS = 40 + 60;
const NO_OPTIONS: OptionEdits = {};
const UNCHANGED = new Uint8Array(0);

/** Gives the verdict of a packet that was held, by the kernel's name for it: accepted, as it came if empty. */
export type Accept = (id: number, replacement: Uint8Array) => void;

/** Departures sends segments on: as they came, or with the bytes and numbers that the translated streams have. */
export class Departures {
  readonly #context: GatewayContext;
  readonly #sides: Sides;
  readonly #accept: Accept;
  readonly #packet = new PacketView();
  readonly #ipv6Packet = new Ipv6View();
  readonly #scratch = Buffer.alloc(0x10000);
  /** What the kernel was told last, and has taken. */
  readonly #told = new WeakMap<StreamHalf, SequenceShift>();

  constructor(context: GatewayContext, sides: Sides, accept: Accept) {
    this.#context = context;
    this.#sides = sides;
    this.#accept = accept;
  }

  /** Bytes that a segment of a connection may grow to: past the MTU, IPv6 cannot be sent on. */
  roomOf({ binding }: Connection): number {
    return familyOf(binding.inside.host) === "ipv4"
      ? Number.POSITIVE_INFINITY
      : this.#sides.mtu - IPV6_HEADERS;
  }

  /**
   * Tells the kernel how the lengths of both streams have changed; before the segments go that have changed them. It is
   * told of the first message even where that has kept its length: by this alone a later run knows that SIP began it.
   */
  adjust(connection: Connection): void {
    // Without NAT no length changes, and the kernel's entry has no room for numbers.
    if (!connection.isSip || !connection.binding.host.isTranslated) return;
    for (const name of ["outbound", "inbound"] as const) {
      const half = connection.halves[name];
      if (half === undefined) continue;
      const known = this.#told.get(half) ?? (name === connection.began ? undefined : NO_SHIFT);
      if (half.shift === known) continue;
      const { position, before, after } = half.shift;
      const { binding, flow, began } = connection;
      const adjustment = { position: half.sequence(position), before, after };
      const failure = this.#context.pins.adjust(binding, flow, began, name, adjustment);
      if (failure === undefined) this.#told.set(half, half.shift);
      else {
        const fields = { flow: flow.ends, code: failure };
        this.#context.budget.warn(this.#context.now, fields, "sequence numbers could not be adjusted");
      }
    }
  }

  /** Sends a segment that may go, as `sendAs` does; in mode pinhole it goes, or has gone, as it came. */
  send(connection: Connection, segment: HeldSegment, batch: Batch | undefined): boolean {
    if (connection.flow.pinhole) return true;
    const half = connection.halves[segment.half];
    let rendered: Rendered = { at: segment.start, text: undefined };
    if (half !== undefined && !segment.syn) {
      rendered =
        segment.isRepeated && !half.mayGo(segment.end)
          ? half.renderRepeated(segment.start, segment.payload)
          : half.render(segment.start, segment.payload);
    }
    return this.sendAs(connection, segment, rendered, batch);
  }

  /**
   * Sends a segment as `rendered`.
   *
   * @returns false when that cannot be sent, and it goes as it came: as of IPv6, if the MTU has become smaller
   */
  sendAs(
    connection: Connection,
    segment: HeldSegment,
    rendered: Rendered,
    batch: Batch | undefined,
  ): boolean {
    const half = connection.halves[segment.half];
    const other = connection.halves[opposite(segment.half)];
    const inBatch = batch !== undefined && segment.index >= 0;
    const bytes = inBatch ? batch.bytes : segment.packet;
    if (bytes === undefined) return true;
    const offset = inBatch ? batch.offset(segment.index) : 0;
    const packet = familyOf(connection.binding.inside.host) === "ipv6" ? this.#ipv6Packet : this.#packet;
    packet.parse(bytes, offset, inBatch ? batch.length(segment.index) : bytes.length);
    const output = inBatch ? batch.output : this.#scratch;
    const change = {
      sequence:
        half === undefined ? bytes.readUInt32BE(packet.transportOffset + 4) : half.sequence(rendered.at),
      acknowledgement:
        other && segment.acknowledged !== undefined ? acknowledge(other, segment.acknowledged) : undefined,
      text: rendered.text,
      isCut:
        segment.fin &&
        half?.isCut(rendered.at, (rendered.text ?? segment.payload).length, segment.end) === true,
      options: segment.syn ? SYN_OPTIONS[packet.family] : blocksOf(other),
    };
    const at = inBatch ? batch.outputUsed : 0;
    const written = writeTcpPacket(packet, bytes, change, output, at, this.#sides.mtu);
    if (written === 0) this.#context.counters.passed["too-large"]++;
    if (!inBatch)
      return this.#accepts(segment, written > 0 ? output.subarray(0, written) : UNCHANGED) && written !== 0;
    return written > 0 ? batch.replace(segment.index, written) : written !== 0;
  }

  /** Gives a segment that was held, if it was, the verdict to go as it came. */
  passAsItCame(segment: HeldSegment): void {
    if (segment.packet !== undefined) this.#accepts(segment, UNCHANGED);
  }

  /** False when the kernel does not take the verdict; then another one may do. */
  #accepts(segment: HeldSegment, replacement: Uint8Array): boolean {
    try {
      this.#accept(segment.id, replacement);
      return true;
    } catch (error) {
      const { now, budget } = this.#context;
      budget.warn(now, { err: error, bytes: replacement.length }, "a verdict was refused");
      if (replacement.length > 0) this.passAsItCame(segment);
      return false;
    }
  }
}

function opposite(half: HalfName): HalfName {
  return half === "outbound" ? "inbound" : "outbound";
}

/** The acknowledgement number of which the kernel makes the one that the sender is to see. */
function acknowledge(other: StreamHalf, acknowledged: number): number {
  const output = other.outputOffset(acknowledged);
  return other.sequence(other.acknowledgement(output, other.acknowledge(output)));
}

function blocksOf(other: StreamHalf | undefined): OptionEdits {
  if (other === undefined || other.isPlain) return NO_OPTIONS;
  return {
    block: (left, right) => {
      const [from, to] = other.block(other.outputOffset(left), other.outputOffset(right));
      return [other.sequence(from), other.sequence(to)];
    },
  };
}
