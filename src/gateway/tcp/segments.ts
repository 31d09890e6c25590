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
