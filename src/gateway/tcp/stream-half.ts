import { StreamFramer, type StreamPiece } from "../../sip/stream-framer.ts";
import { splice } from "../../translate/splice.ts";
import type { Edit } from "../../translate/translation.ts";
import {
  acknowledged,
  acknowledging,
  NO_SHIFT,
  type SequenceShift,
  shifted,
  unshifted,
} from "./sequence-shift.ts";
import { StreamEdits } from "./stream-edits.ts";

/** Bytes that may wait for the rest of their message, and those that are kept until they are acknowledged. */
const MOST_WAITING = 131_072;
const MOST_KEPT = 262_144;
/** Bytes beyond those that are known, behind which nothing of the same stream is to be expected yet. */
export const TOO_FAR = 2 * MOST_WAITING;
/** Bytes a segment may carry for others, where it need not carry them all. */
const REFILL = 1200;
/** Bytes at the beginning of a message that tell what it may be, and of which some are sent ahead. */
const BEGINNING = 64;

const NOTHING = Buffer.alloc(0);

/** What a half connection tells of what it has read; it answers with the edits of a message. */
export interface StreamReader {
  /** A whole message, one latin1 character per byte. */
  message(text: string): readonly Edit[];
  /** Bytes that belong to no message. */
  left(): void;
}

/** Bytes of the stream that came in one segment; offsets count from the first byte of the stream. */
export interface Piece {
  readonly start: number;
  readonly end: number;
  payload: Buffer;
}

/** A message whose length has changed, or whose beginning went ahead; it is kept until all of it is acknowledged. */
interface Kept {
  readonly start: number;
  readonly end: number;
  /** Where it begins in the translated stream, and what it is there. */
  readonly output: number;
  readonly text: string;
}

/**
 * First bytes of a message that were sent ahead so that the sender hears an acknowledgement: the sender is told that
 * everything up to `to` was received as soon as the receiver has all before `output`.
 */
interface Ahead {
  readonly output: number;
  readonly to: number;
}

/** What a segment becomes: where the kernel is to think it begins, and its bytes; `text` undefined leaves them. */
export interface Rendered {
  readonly at: number;
  readonly text: string | undefined;
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
  /** Bytes before this have come without a gap; of those before `settled` it is known what they become. */
  next = 0;
  settled = 0;
  /** Up to where segments have gone, and how far that is in the translated stream. */
  gone = 0;
  sent: number;
  /** What of the translated stream the receiver has acknowledged. */
  acked = Number.NEGATIVE_INFINITY;
  shift: SequenceShift;
  readonly #room: number;
  readonly #edits: StreamEdits;
  #framer: StreamFramer | undefined = new StreamFramer();
  /** In the order of the stream; those that are not in order yet, too. */
  #waiting: Piece[] = [];
  #kept: Kept[] = [];
  #ahead: Ahead | undefined;
  /** Up to where the sender was told that all was received, for a message whose beginning went ahead. */
  #told = Number.NEGATIVE_INFINITY;

  /**
   * @param first sequence number of the first byte: the one behind SYN, or that of a message with which a stream goes
   * on that an earlier run has translated
   * @param room bytes that a segment may grow to; infinite with IPv4, where it is sent on in fragments
   * @param begun what the kernel makes of that stream's numbers; its position lies before `first`
   */
  constructor(first: number, room: number, begun: SequenceShift = NO_SHIFT) {
    this.first = first >>> 0;
    this.#room = room;
    this.shift = begun;
    this.sent = begun.after;
    this.#edits = new StreamEdits(begun);
  }

  /** True once bytes of it, or an acknowledgement of its SYN, have been seen. */
  get hasBegun(): boolean {
    return this.next > 0 || this.acked >= 0;
  }

  /** True when segments go on untranslated, those apart that were translated before. */
  get isPassing(): boolean {
    return this.#framer === undefined;
  }

  /** True when segments and acknowledgements need nothing but what the kernel does. */
  get isPlain(): boolean {
    return this.isPassing && this.#edits.size === 0 && this.#kept.length === 0 && this.#ahead === undefined;
  }

  /** The offset of a sequence number, which is taken for the nearest one to what came last. */
  offset(sequence: number): number {
    return this.next + ((sequence - this.first - this.next) | 0);
  }

  /** The offset in the translated stream of an acknowledgement's number. */
  outputOffset(acknowledgement: number): number {
    return this.sent + ((acknowledgement - this.first - this.sent) | 0);
  }

  /** The sequence number of an offset, in either stream. */
  sequence(offset: number): number {
    return (this.first + offset) >>> 0;
  }

  /** True for what lies so far ahead that no more could wait: who forges segments knows no numbers (RFC 5961). */
  isTooFar(sequence: number): boolean {
    return this.#framer !== undefined && this.offset(sequence) > this.next + TOO_FAR;
  }

  /** The first bytes that wait and are in order; "" when none do. */
  beginning(): string {
    return this.#raw(Math.min(this.next, this.settled + BEGINNING));
  }

  /** Takes in the bytes of a segment; what has come before is taken no notice of. */
  take(piece: Piece, reader: StreamReader): void {
    if (piece.end <= this.next) return;
    if (this.#framer === undefined) {
      this.next = Math.max(this.next, piece.end);
      this.settled = this.next;
      return;
    }
    const behind = this.#waiting.findIndex(({ start }) => start > piece.start);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, piece);
    this.#drain(reader);
    if (this.#bytesWaiting() > MOST_WAITING || this.#bytesKept() > MOST_KEPT) this.giveUp();
  }

  /** True when it is known what becomes of a segment that ends here. */
  mayGo(end: number): boolean {
    return this.#framer === undefined || end <= this.settled;
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
    const last = this.#waiting.at(-1);
    this.next = Math.max(this.next, last?.end ?? 0);
    this.settled = this.next;
    this.#waiting = [];
  }

  /** The stream ends at `end`, with FIN, which counts as one byte more. */
  finish(end: number): void {
    if (end !== this.next) return;
    this.giveUp();
    this.next = end + 1;
    this.settled = this.next;
  }

  /** What a segment becomes that may go; `payload` is its bytes, and `at` where it begins. */
  render(at: number, payload: Buffer): Rendered {
    const natural = this.#edits.map(at);
    if (payload.length === 0) return { at: this.#emptyAt(at, natural), text: undefined };
    const raw = payload.toString("latin1");
    let text = this.#edits.translate(at, raw);
    let output = natural;
    // Of what a segment cannot hold, the sender hears nothing: it comes with the next one, or with the same again.
    let most = this.#mostOf(payload);
    const kept = this.#kept.find(({ start, end }) => start < at && at <= end);
    if (kept !== undefined) {
      const from = this.#beginsAt(at, natural, kept);
      if (from < this.sent) most = Math.min(most, Math.max(text.length, REFILL));
      text = kept.text.slice(from - kept.output, natural - kept.output) + text;
      output = from;
    }
    const missing = output + text.length <= this.acked ? this.#missing(at) : undefined;
    if (missing !== undefined) [output, text] = [this.acked, missing];
    // What the receiver has is not sent again, as its translation may be forgotten.
    else if (output + text.length <= this.acked) return this.#probe(this.acked);
    else {
      const { shift, acked } = this;
      const from = unshifted(shift, acked) === undefined ? shift.position + shift.before : acked;
      if (output < from) [output, text] = [from, text.slice(from - output)];
    }
    let begins = shifted(this.shift, at) === output ? at : unshifted(this.shift, output);
    if (begins === undefined) {
      // The receiver has these bytes: otherwise they were kept.
      const skipped = this.shift.position + this.shift.after + 1 - output;
      text = text.slice(skipped);
      begins = this.shift.position + 1;
      output += skipped;
    }
    text = text.slice(0, most);
    this.sent = Math.max(this.sent, output + text.length);
    this.gone = Math.max(this.gone, at + payload.length);
    return { at: begins, text: text === raw ? undefined : text };
  }

  /** What a segment becomes whose bytes wait with an earlier one: it repeats what was sent of them, if anything was. */
  renderRepeated(start: number, payload: Buffer): Rendered {
    const ahead = this.acked >= this.sent ? this.sendAhead(start, payload) : undefined;
    if (ahead !== undefined) return ahead;
    const output = this.#edits.map(this.settled);
    const known = payload.subarray(0, Math.max(0, this.settled - start));
    const beginning = this.beginning();
    if (known.length > 0 && this.acked < output) {
      const { at, text = known.toString("latin1") } = this.render(start, known);
      const isWhole = shifted(this.shift, at) + text.length === output;
      const ahead = isWhole ? beginning.slice(0, Math.max(0, this.sent - output)) : "";
      return { at, text: (text + ahead).slice(0, this.#mostOf(payload)) };
    }
    // What the receiver has acknowledged, the sender may not have heard: an old byte is acknowledged again.
    const from = Math.max(Math.min(this.acked, this.sent - 1), output);
    const at = from < this.sent ? unshifted(this.shift, from) : undefined;
    if (at === undefined) return this.#probe(this.sent);
    return { at, text: beginning.slice(from - output, this.sent - output) };
  }

  /**
   * What a segment becomes that waits for the rest of its last message, so that the sender is not kept waiting itself:
   * the bytes of which it is known what they become, and the first byte of that message, or the next one. It is the
   * same whatever the message becomes: nothing before the first colon is an address.
   *
   * @returns undefined when that would bring the receiver nothing new
   */
  sendAhead(start: number, payload: Buffer): Rendered | undefined {
    const output = this.#edits.map(this.settled);
    const known = this.sent < output ? payload.subarray(0, Math.max(0, this.settled - start)) : NOTHING;
    if (this.#framer === undefined || (known.length === 0 && this.sent < output)) return undefined;
    const byte = this.#byteAhead(Math.max(0, this.sent - output));
    if (known.length === 0 && byte === "") return undefined;
    const head = known.length > 0 ? this.render(start, known) : undefined;
    const at = head?.at ?? unshifted(this.shift, this.sent);
    if (at === undefined) return undefined;
    const text = head?.text ?? known.toString("latin1");
    // What is known may be more than the segment holds.
    const isWhole = this.sent >= output && text.length < this.#mostOf(payload);
    if (byte !== "" && isWhole) {
      this.sent++;
      this.#ahead = { output: this.sent, to: this.next };
    }
    return { at, text: text + (isWhole ? byte : "") };
  }

  /** True when `length` bytes at `at` are not all that the stream becomes up to `end`. */
  isCut(at: number, length: number, end: number): boolean {
    return shifted(this.shift, at) + length < this.#edits.map(end);
  }

  /** Takes in that the receiver has everything before `output`. Returns up to where that is the sender's stream. */
  acknowledge(output: number): number {
    // Bytes that became nothing are received with those before them, once they have been sent at all.
    const at = Math.min(this.#edits.unmap(output), this.next);
    if (output > this.acked && output <= this.sent) {
      this.acked = output;
      this.#kept = this.#kept.filter((kept) => kept.output + kept.text.length > output);
      this.#edits.forget(Math.min(at, this.gone, this.#kept[0]?.start ?? at));
    }
    const ahead = this.#ahead;
    if (ahead === undefined || output < ahead.output) return at;
    if (at >= ahead.to) this.#ahead = undefined;
    this.#told = Math.max(this.#told, ahead.to);
    return Math.max(at, ahead.to);
  }

  /** The acknowledgement of which the kernel makes `at`, for one that came as `output`. */
  acknowledgement(output: number, at: number): number {
    return acknowledged(this.shift, output) === at ? output : acknowledging(this.shift, at);
  }

  /** The edges of a block of RFC 2018 as the kernel is to be given them: it covers nothing but what has arrived. */
  block(left: number, right: number): readonly [number, number] {
    const from = this.acknowledgement(left, this.#edits.unmapUp(left));
    const to = this.acknowledgement(right, this.#edits.unmap(right));
    return from < to && acknowledged(this.shift, from) >= this.#edits.unmapUp(left) ? [from, to] : [to, to];
  }

  /** Bytes that a segment may have in the place of these: so many have got this far. */
  #mostOf(payload: Buffer): number {
    return Math.max(payload.length, this.#room);
  }

  /** The byte behind the first `count` of a message that waits, or "": one message at a time has a beginning ahead. */
  #byteAhead(count: number): string {
    const ahead = this.#ahead;
    if (ahead !== undefined && (ahead.to <= this.settled || ahead.to === this.next)) return "";
    const beginning = this.beginning();
    const colon = beginning.indexOf(":");
    return beginning.slice(count, Math.min(count + 1, colon < 0 ? beginning.length : colon));
  }

  /** An empty segment before `output`, which the receiver has: it answers with an acknowledgement (RFC 9293 §3.8.4). */
  #probe(output: number): Rendered {
    return { at: unshifted(this.shift, output - 1) ?? this.shift.position, text: "" };
  }

  #emptyAt(at: number, natural: number): number {
    const output = at > this.settled ? this.sent : natural;
    if (shifted(this.shift, at) === output) return at;
    return unshifted(this.shift, output) ?? unshifted(this.shift, this.sent) ?? at;
  }

  /**
   * What the receiver has not got of the message that a segment belongs to which brings it nothing new. Where a message
   * has shrunk, the sender cannot be told how much of its beginning was received, and may send no more than that.
   */
  #missing(at: number): string | undefined {
    if (unshifted(this.shift, this.acked) === undefined) return undefined;
    const kept = this.#kept.find(({ start, end }) => start <= at && at < end);
    const from = this.acked - (kept?.output ?? this.acked);
    return from > 0 ? kept?.text.slice(from, from + Math.min(REFILL, this.#room)) : undefined;
  }

  /** Where a segment is to begin that lies within a kept message: not behind bytes that nobody else would send. */
  #beginsAt(at: number, natural: number, kept: Kept): number {
    let from = Math.min(natural, Math.max(this.sent, kept.output));
    const isTold = at >= this.#told && this.#told > this.#edits.unmap(this.acked);
    if (isTold && this.acked < from) from = Math.max(this.acked, kept.output);
    return shifted(this.shift, at) === from || unshifted(this.shift, from) !== undefined ? from : kept.output;
  }

  #drain(reader: StreamReader): void {
    for (const piece of this.#waiting) {
      if (piece.start > this.next) break;
      if (piece.end <= this.next) continue;
      const fresh = piece.payload.subarray(this.next - piece.start);
      this.next = piece.end;
      for (const found of this.#framer?.push(fresh) ?? []) this.#settle(found, reader);
      if (this.#framer === undefined) return;
    }
    this.#waiting = this.#waiting.filter(({ end }) => end > this.settled);
  }

  #settle(found: StreamPiece, reader: StreamReader): void {
    // What was asked to be given up has no more messages; its other pieces stay as they came.
    if (this.#framer === undefined) return;
    if (found.kind === "message") {
      this.#settleMessage(found.at, found.text, reader.message(found.text));
      return;
    }
    if (found.kind === "left") this.#keepRaw(found.at + found.length);
    this.settled = found.at + found.length;
    if (found.kind === "left") reader.left();
  }

  #settleMessage(start: number, text: string, edits: readonly Edit[]): void {
    const output = this.#edits.map(start);
    for (const edit of edits) this.#edits.add(start + edit.start, start + edit.end, edit.text);
    const translated = edits.length === 0 ? text : splice(text, edits);
    const end = start + text.length;
    if (translated.length !== text.length) {
      const { after } = this.shift;
      this.shift = { position: start, before: after, after: after + translated.length - text.length };
    }
    if (translated.length !== text.length || this.#ahead !== undefined) {
      this.#kept.push({ start, end, output, text: translated });
    }
    this.settled = Math.max(this.settled, end);
  }

  /** Keeps what waits up to `end` as it came, if its beginning went ahead of it. */
  #keepRaw(end: number): void {
    if (this.#ahead === undefined || end <= this.settled) return;
    const text = this.#raw(end);
    const { settled } = this;
    this.#kept.push({ start: settled, end: settled + text.length, output: this.#edits.map(settled), text });
  }

  /** What waits up to `end`, or up to the first gap. */
  #raw(end: number): string {
    let text = "";
    let at = this.settled;
    for (const { start, end: behind, payload } of this.#waiting) {
      if (start > at || at >= end) break;
      const to = Math.min(end, behind);
      if (to > at) text += payload.toString("latin1", at - start, to - start);
      at = Math.max(at, to);
    }
    return text;
  }

  #bytesWaiting(): number {
    return this.#waiting.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  #bytesKept(): number {
    return this.#kept.reduce((sum, { text }) => sum + text.length, 0);
  }
}
