import { BEGINNING } from "../../sip/stream-start.ts";

/** Bytes of the stream that came in one segment; offsets count from the first byte of the stream. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  payload: Buffer;
}

/** WaitingPieces puts the pieces of a stream in order, and keeps those of which it is not known yet what they become. */
export class WaitingPieces {
  /** Bytes before this have come without a gap; of those before `settled` it is known what they become. */
  next = 0;
  settled = 0;
  /** In the order of the stream; those that are not in order yet, too. */
  #pieces: Piece[] = [];

  /** Bytes that wait. */
  get size(): number {
    return this.#pieces.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** Takes in a piece, and yields the bytes that are in order with it; who reads them moves `settled` meanwhile. */
  *inOrder(piece: Piece): Generator<Buffer> {
    const behind = this.#pieces.findIndex(({ start }) => start > piece.start);
    this.#pieces.splice(behind < 0 ? this.#pieces.length : behind, 0, piece);
    for (const { start, end, payload } of this.#pieces) {
      if (start > this.next) break;
      if (end <= this.next) continue;
      const fresh = payload.subarray(this.next - start);
      this.next = end;
      yield fresh;
    }
    this.#pieces = this.#pieces.filter(({ end }) => end > this.settled);
  }

  /** Nothing waits any more: all that came goes as it came, gaps or not. */
  release(): void {
    this.passTo(Math.max(this.next, this.#pieces.at(-1)?.end ?? 0));
    this.#pieces = [];
  }

  /** The stream goes on at `end`; all before it goes as it came. */
  passTo(end: number): void {
    this.next = end;
    this.settled = end;
  }

  /** The first bytes that wait and are in order; "" when none do. */
  beginning(): string {
    return this.text(Math.min(this.next, this.settled + BEGINNING));
  }

  /** What waits up to `end`, or up to the first gap, one latin1 character per byte. */
  text(end: number): string {
    let text = "";
    let at = this.settled;
    for (const { start, end: behind, payload } of this.#pieces) {
      if (start > at || at >= end) break;
      const to = Math.min(end, behind);
      if (to > at) text += payload.toString("latin1", at - start, to - start);
      at = Math.max(at, to);
    }
    return text;
  }
}
