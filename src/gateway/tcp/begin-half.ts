import type { SequenceAdjustment } from "../../kernel/sequence-adjustment.ts";
import type { TcpSegment } from "../../packet/tcp-segment.ts";
import { beginsMessage } from "../../sip/stream-start.ts";
import type { Connection } from "./connections.ts";
import type { HalfName } from "./held-segment.ts";
import { StreamHalf, TOO_FAR } from "./stream-half.ts";

/**
 * The half of a connection that a segment belongs to, begun with it where it can be.
 *
 * @param room as of StreamHalf
 * @returns undefined when the segment goes as it came
 */
export function beginHalf(
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

/**
 * Follows one direction of a connection that an earlier run has followed, from a segment on that begins with a message
 * and lies behind the last one whose length that run has changed: what was on its way when it ended stays with the kernel.
 *
 * @param adjustment what the kernel makes of its sequence numbers
 * @param room as of StreamHalf
 * @param expected the sequence number that the receiver has last said it expects, if it has: what lies far from it is forged
 * @returns undefined when the segment is no such one
 */
export function resumeHalf(
  { sequence, payload }: Pick<TcpSegment, "sequence" | "payload">,
  { position, before, after }: SequenceAdjustment,
  room: number,
  expected?: number,
): StreamHalf | undefined {
  const shift = { position: before === after ? -1 : (position - sequence) | 0, before, after };
  if (shift.position >= 0 || !beginsMessage(payload.toString("latin1"))) return undefined;
  if (expected !== undefined && Math.abs((sequence + after - expected) | 0) > TOO_FAR) return undefined;
  return new StreamHalf(sequence, room, shift);
}
