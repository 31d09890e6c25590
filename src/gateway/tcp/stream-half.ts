import { StreamFramer, type StreamPiece } from "../../sip/stream-framer.ts";
import type { Edit } from "../../translate/translation.ts";
import { type Rendered, SegmentRendering } from "./segment-rendering.ts";
import { NO_SHIFT, type SequenceShift } from "./sequence-shift.ts";
import { TranslatedStream } from "./translated-stream.ts";
import { type Piece, WaitingPieces } from "./waiting-pieces.ts";

/** Bytes that may wait for the rest of their message, and those that are kept until they are acknowledged. */
const MOST_WAITING = 131_072;
const MOST_KEPT = 262_144;
/** Bytes beyond those that are known, behind which nothing of the same stream is to be expected yet. */
export const TOO_FAR = 2 * MOST_WAITING;

/** What a half connection tells of what it has read; it answers with the edits of a message. */
export interface StreamReader {
  /** A whole message, one latin1 character per byte. */
  message(text: string): readonly Edit[];
  /** Bytes that belong to no message. */
  left(): void;
}

/**
 * StreamHalf is one direction of a TCP connection: it puts segments in order, has their messages translated, and says
 * what becomes of each segment and of each acknowledgement of the other side. It is pure: no kernel, no clock.
 *
 * Whatever is sent again is translated to the same bytes, until the receiver has acknowledged them.
 */
export class StreamHalf {
  /** Sequence number of the first byte. */
  readonly first: number;
  readonly #waiting = new WaitingPieces();
  readonly #translated: TranslatedStream;
  readonly #rendering: SegmentRendering;
  #framer: StreamFramer | undefined = new StreamFramer();

  /**
   * @param first sequence number of the first byte: the one behind SYN, or that of a message with which a stream goes
   * on that an earlier run has translated
   * @param room bytes that a segment may grow to; infinite with IPv4, where it is sent on in fragments
   * @param begun what the kernel makes of that stream's numbers; its position lies before `first`
   */
  constructor(first: number, room: number, begun: SequenceShift = NO_SHIFT) {
    this.first = first >>> 0;
    this.#translated = new TranslatedStream(begun);
    this.#rendering = new SegmentRendering(this.#translated, this.#waiting, room);
  }

  /** What the kernel is to make of its numbers. */
  get shift(): SequenceShift {
    return this.#translated.shift;
  }

  /** Bytes before this have come without a gap. */
  get next(): number {
    return this.#waiting.next;
  }

  /** True once bytes of it, or an acknowledgement of its SYN, have been seen. */
  get hasBegun(): boolean {
    return this.next > 0 || this.#translated.acked >= 0;
  }

  /** True when segments go on untranslated, those apart that were translated before. */
  get isPassing(): boolean {
    return this.#framer === undefined;
  }

  /** True when segments and acknowledgements need nothing but what the kernel does. */
  get isPlain(): boolean {
    return this.isPassing && this.#translated.isPlain;
  }

  /** The offset of a sequence number, which is taken for the nearest one to what came last. */
  offset(sequence: number): number {
    return this.next + ((sequence - this.first - this.next) | 0);
  }

  /** The offset in the translated stream of an acknowledgement's number. */
  outputOffset(acknowledgement: number): number {
    const { sent } = this.#translated;
    return sent + ((acknowledgement - this.first - sent) | 0);
  }

  /** The sequence number of an offset, in either stream. */
  sequence(offset: number): number {
    return (this.first + offset) >>> 0;
  }

  /** True for what lies so far ahead that no more could wait: who forges segments knows no numbers (RFC 5961). */
  isTooFar(sequence: number): boolean {
    return !this.isPassing && this.offset(sequence) > this.next + TOO_FAR;
  }

  /** The first bytes that wait and are in order; "" when none do. */
  beginning(): string {
    return this.#waiting.beginning();
  }

  /** Takes in the bytes of a segment; what has come before is taken no notice of. */
  take(piece: Piece, reader: StreamReader): void {
    if (piece.end <= this.next) return;
    if (this.#framer === undefined) {
      this.#waiting.passTo(piece.end);
      return;
    }
    this.#read(piece, reader);
    if (this.#waiting.size > MOST_WAITING || this.#translated.kept.size > MOST_KEPT) this.giveUp();
  }

  /** True when it is known what becomes of a segment that ends here. */
  mayGo(end: number): boolean {
    return this.isPassing || end <= this.#waiting.settled;
  }

  /** True when these bytes came before and wait. */
  waitsFor(end: number): boolean {
    return end <= this.next && !this.mayGo(end);
  }

  /** No message is looked for any more: what waits goes as it came, and so does all that comes. */
  giveUp(): void {
    if (this.#framer === undefined) return;
    this.#framer = undefined;
    this.#keepRaw(this.next);
    this.#waiting.release();
  }

  /** The stream ends at `end`, with FIN, which counts as one byte more. */
  finish(end: number): void {
    if (end !== this.next) return;
    this.giveUp();
    this.#waiting.passTo(end + 1);
  }

  /** What a segment becomes that may go; `payload` is its bytes, and `at` where it begins. */
  render(at: number, payload: Buffer): Rendered {
    return this.#rendering.render(at, payload);
  }

  /** What a segment becomes whose bytes wait with an earlier one. */
  renderRepeated(start: number, payload: Buffer): Rendered {
    return this.#rendering.renderRepeated(start, payload);
  }

  /** What a segment becomes that waits for the rest of its last message; undefined when it has to go on waiting. */
  sendAhead(start: number, payload: Buffer): Rendered | undefined {
    return this.isPassing ? undefined : this.#rendering.sendAhead(start, payload);
  }

  /** True when `length` bytes at `at` are not all that the stream becomes up to `end`. */
  isCut(at: number, length: number, end: number): boolean {
    return this.#rendering.isCut(at, length, end);
  }

  /** Takes in that the receiver has everything before `output`. Returns up to where that is the sender's stream. */
  acknowledge(output: number): number {
    return this.#translated.acknowledge(output, this.next);
  }

  /** The acknowledgement of which the kernel makes `at`, for one that came as `output`. */
  acknowledgement(output: number, at: number): number {
    return this.#translated.acknowledgement(output, at);
  }

  /** The edges of a block of RFC 2018 as the kernel is to be given them: it covers nothing but what has arrived. */
  block(left: number, right: number): readonly [number, number] {
    return this.#translated.block(left, right);
  }

  #read(piece: Piece, reader: StreamReader): void {
    for (const fresh of this.#waiting.inOrder(piece)) {
      for (const found of this.#framer?.push(fresh) ?? []) this.#settle(found, reader);
      if (this.#framer === undefined) return;
    }
  }

  #settle(found: StreamPiece, reader: StreamReader): void {
    // What was asked to be given up has no more messages; its other pieces stay as they came.
    if (this.#framer === undefined) return;
    const waiting = this.#waiting;
    if (found.kind === "message") {
      this.#translated.add(found.at, found.text, reader.message(found.text));
      waiting.settled = Math.max(waiting.settled, found.at + found.text.length);
      return;
    }
    if (found.kind === "left") this.#keepRaw(found.at + found.length);
    waiting.settled = found.at + found.length;
    if (found.kind === "left") reader.left();
  }

  /** Keeps what waits up to `end` as it came, if its beginning went ahead of it. */
  #keepRaw(end: number): void {
    const { settled } = this.#waiting;
    if (this.#translated.ahead === undefined || end <= settled) return;
    this.#translated.keep(settled, this.#waiting.text(end));
  }
}
