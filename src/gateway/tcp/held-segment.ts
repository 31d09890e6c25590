import type { Batch } from "../../kernel/queue.ts";
import type { StreamHalf } from "./stream-half.ts";
import type { Piece } from "./waiting-pieces.ts";

/** Which direction of a connection: outbound is from the phone. */
export type HalfName = "outbound" | "inbound";

/** HeldSegment is a segment that has no verdict yet or, in mode pinhole, whose message is not whole yet. */
export interface HeldSegment extends Piece {
  readonly half: HalfName;
  readonly acknowledged: number | undefined;
  readonly syn: boolean;
  /** True when the stream ends with it. */
  readonly fin: boolean;
  /** True when its bytes wait already with an earlier segment. */
  readonly isRepeated: boolean;
  /** The kernel's name for its packet. */
  readonly id: number;
  /** Its place in the batch, -1 when that has gone and `packet` is what came. */
  index: number;
  packet: Buffer | undefined;
}

/** True when a segment of `half` need not wait for the rest of a message. */
export function mayGo(segment: HeldSegment, half: StreamHalf | undefined): boolean {
  const hasNothingToWaitFor = segment.payload.length === 0 && !segment.fin;
  return (
    half === undefined || segment.syn || hasNothingToWaitFor || segment.isRepeated || half.mayGo(segment.end)
  );
}

/** The batch's memory is used again, so what waits is copied out of it. */
export function keep(batch: Batch, segment: HeldSegment): void {
  const offset = batch.offset(segment.index);
  const packet = Buffer.from(batch.bytes.subarray(offset, offset + batch.length(segment.index)));
  segment.payload = packet.subarray(packet.length - segment.payload.length);
  segment.packet = packet;
}
