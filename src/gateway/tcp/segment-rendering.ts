import type { KeptMessage } from "./kept-messages.ts";
import { shifted, unshifted } from "./sequence-shift.ts";
import type { TranslatedStream } from "./translated-stream.ts";
import type { WaitingPieces } from "./waiting-pieces.ts";

/** Bytes a segment may carry for others, where it need not carry them all. */
const REFILL = 1200;

const NOTHING = Buffer.alloc(0);

/** What a segment becomes: where the kernel is to think it begins, and its bytes; `text` undefined leaves them. */
export interface Rendered {
  readonly at: number;
  readonly text: string | undefined;
}

/** SegmentRendering says what becomes of each segment of a stream: which bytes it carries, and by which number. */
export class SegmentRendering {
  readonly #stream: TranslatedStream;
  readonly #waiting: WaitingPieces;
  readonly #room: number;

  /** @param room bytes that a segment may grow to */
  constructor(stream: TranslatedStream, waiting: WaitingPieces, room: number) {
    this.#stream = stream;
    this.#waiting = waiting;
    this.#room = room;
  }

  /** What a segment becomes that may go; `payload` is its bytes, and `at` where it begins. */
  render(at: number, payload: Buffer): Rendered {
    const stream = this.#stream;
    const { shift, acked } = stream;
    const natural = stream.edits.map(at);
    if (payload.length === 0) return { at: this.#emptyAt(at, natural), text: undefined };
    const raw = payload.toString("latin1");
    let text = stream.edits.translate(at, raw);
    let output = natural;
    // Of what a segment cannot hold, the sender hears nothing: it comes with the next one, or with the same again.
    let most = this.#mostOf(payload);
    const kept = stream.kept.of(at - 1);
    if (kept !== undefined) {
      const from = this.#beginsAt(at, natural, kept);
      if (from < stream.sent) most = Math.min(most, Math.max(text.length, REFILL));
      text = kept.text.slice(from - kept.output, natural - kept.output) + text;
      output = from;
    }
    const missing = output + text.length <= acked ? this.#missing(at) : undefined;
    if (missing !== undefined) [output, text] = [acked, missing];
    // What the receiver has is not sent again, as its translation may be forgotten.
    else if (output + text.length <= acked) return this.#probe(acked);
    else {
      const from = unshifted(shift, acked) === undefined ? shift.position + shift.before : acked;
      if (output < from) [output, text] = [from, text.slice(from - output)];
    }
    let begins = shifted(shift, at) === output ? at : unshifted(shift, output);
    if (begins === undefined) {
      // The receiver has these bytes: otherwise they were kept.
      const skipped = shift.position + shift.after + 1 - output;
      text = text.slice(skipped);
      begins = shift.position + 1;
      output += skipped;
    }
    text = text.slice(0, most);
    stream.sent = Math.max(stream.sent, output + text.length);
    stream.gone = Math.max(stream.gone, at + payload.length);
    return { at: begins, text: text === raw ? undefined : text };
  }

  /** What a segment becomes whose bytes wait with an earlier one: it repeats what was sent of them, if anything was. */
  renderRepeated(start: number, payload: Buffer): Rendered {
    const stream = this.#stream;
    const { shift, acked } = stream;
    const ahead = acked >= stream.sent ? this.sendAhead(start, payload) : undefined;
    if (ahead !== undefined) return ahead;
    const { settled } = this.#waiting;
    const output = stream.edits.map(settled);
    const known = payload.subarray(0, Math.max(0, settled - start));
    const beginning = this.#waiting.beginning();
    if (known.length > 0 && acked < output) {
      const { at, text = known.toString("latin1") } = this.render(start, known);
      const isWhole = shifted(shift, at) + text.length === output;
      const ahead = isWhole ? beginning.slice(0, Math.max(0, stream.sent - output)) : "";
      return { at, text: (text + ahead).slice(0, this.#mostOf(payload)) };
    }
    // What the receiver has acknowledged, the sender may not have heard: an old byte is acknowledged again.
    const from = Math.max(Math.min(acked, stream.sent - 1), output);
    const at = from < stream.sent ? unshifted(shift, from) : undefined;
    if (at === undefined) return this.#probe(stream.sent);
    return { at, text: beginning.slice(from - output, stream.sent - output) };
  }

  /**
   * What a segment becomes that waits for the rest of its last message, so that the sender is not kept waiting itself:
   * the bytes of which it is known what they become, and the first byte of that message, or the next one. It is the
   * same whatever the message becomes: nothing before the first colon is an address.
   *
   * @returns undefined when that would bring the receiver nothing new
   */
  sendAhead(start: number, payload: Buffer): Rendered | undefined {
    const stream = this.#stream;
    const { settled, next } = this.#waiting;
    const output = stream.edits.map(settled);
    const known = stream.sent < output ? payload.subarray(0, Math.max(0, settled - start)) : NOTHING;
    if (known.length === 0 && stream.sent < output) return undefined;
    const byte = this.#byteAhead(Math.max(0, stream.sent - output));
    if (known.length === 0 && byte === "") return undefined;
    const head = known.length > 0 ? this.render(start, known) : undefined;
    const at = head?.at ?? unshifted(stream.shift, stream.sent);
    if (at === undefined) return undefined;
    const text = head?.text ?? known.toString("latin1");
    // What is known may be more than the segment holds.
    const isWhole = stream.sent >= output && text.length < this.#mostOf(payload);
    if (byte !== "" && isWhole) {
      stream.sent++;
      stream.ahead = { output: stream.sent, to: next };
    }
    return { at, text: text + (isWhole ? byte : "") };
  }

  /** True when `length` bytes at `at` are not all that the stream becomes up to `end`. */
  isCut(at: number, length: number, end: number): boolean {
    const { shift, edits } = this.#stream;
    return shifted(shift, at) + length < edits.map(end);
  }

  /** Bytes that a segment may have in the place of these: so many have got this far. */
  #mostOf(payload: Buffer): number {
    return Math.max(payload.length, this.#room);
  }

  /** The byte behind the first `count` of a message that waits, or "": one message at a time has a beginning ahead. */
  #byteAhead(count: number): string {
    const { ahead } = this.#stream;
    const { settled, next } = this.#waiting;
    if (ahead !== undefined && (ahead.to <= settled || ahead.to === next)) return "";
    const beginning = this.#waiting.beginning();
    const colon = beginning.indexOf(":");
    return beginning.slice(count, Math.min(count + 1, colon < 0 ? beginning.length : colon));
  }

  /** An empty segment before `output`, which the receiver has: it answers with an acknowledgement (RFC 9293 §3.8.4). */
  #probe(output: number): Rendered {
    const { shift } = this.#stream;
    return { at: unshifted(shift, output - 1) ?? shift.position, text: "" };
  }

  #emptyAt(at: number, natural: number): number {
    const { shift, sent } = this.#stream;
    const output = at > this.#waiting.settled ? sent : natural;
    if (shifted(shift, at) === output) return at;
    return unshifted(shift, output) ?? unshifted(shift, sent) ?? at;
  }

  /**
   * What the receiver has not got of the message that a segment belongs to which brings it nothing new. Where a message
   * has shrunk, the sender cannot be told how much of its beginning was received, and may send no more than that.
   */
  #missing(at: number): string | undefined {
    const { shift, acked, kept } = this.#stream;
    if (unshifted(shift, acked) === undefined) return undefined;
    const message = kept.of(at);
    const from = acked - (message?.output ?? acked);
    return from > 0 ? message?.text.slice(from, from + Math.min(REFILL, this.#room)) : undefined;
  }

  /** Where a segment is to begin that lies within a kept message: not behind bytes that nobody else would send. */
  #beginsAt(at: number, natural: number, kept: KeptMessage): number {
    const { shift, sent, acked, told, edits } = this.#stream;
    let from = Math.min(natural, Math.max(sent, kept.output));
    const isTold = at >= told && told > edits.unmap(acked);
    if (isTold && acked < from) from = Math.max(acked, kept.output);
    return shifted(shift, at) === from || unshifted(shift, from) !== undefined ? from : kept.output;
  }
}
