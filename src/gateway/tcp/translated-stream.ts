import { splice } from "../../translate/splice.ts";
import type { Edit } from "../../translate/translation.ts";
import { KeptMessages } from "./kept-messages.ts";
import { acknowledged, acknowledging, type SequenceShift } from "./sequence-shift.ts";
import { StreamEdits } from "./stream-edits.ts";

/**
 * First bytes of a message that were sent ahead so that the sender hears an acknowledgement: the sender is told that
 * everything up to `to` was received as soon as the receiver has all before `output`.
 */
interface Ahead {
  readonly output: number;
  readonly to: number;
}

/**
 * TranslatedStream is one direction of a TCP connection as the receiver gets it: what its bytes become, how far they
 * were sent and acknowledged, and what of that the sender is told.
 */
export class TranslatedStream {
  readonly edits: StreamEdits;
  readonly kept = new KeptMessages();
  shift: SequenceShift;
  /** Up to where segments have gone, and how far that is in the translated stream. */
  gone = 0;
  sent: number;
  /** What of the translated stream the receiver has acknowledged. */
  acked = Number.NEGATIVE_INFINITY;
  ahead: Ahead | undefined;
  /** Up to where the sender was told that all was received, for a message whose beginning went ahead. */
  told = Number.NEGATIVE_INFINITY;

  /** @param begun what the kernel makes of the stream's numbers; its position lies before the first byte */
  constructor(begun: SequenceShift) {
    this.shift = begun;
    this.sent = begun.after;
    this.edits = new StreamEdits(begun);
  }

  /** True when numbers need nothing but what the kernel does. */
  get isPlain(): boolean {
    return this.edits.size === 0 && this.kept.isEmpty && this.ahead === undefined;
  }

  /** Takes in a message that begins at `start`, and what becomes of it. */
  add(start: number, text: string, edits: readonly Edit[]): void {
    const output = this.edits.map(start);
    for (const edit of edits) this.edits.add(start + edit.start, start + edit.end, edit.text);
    const translated = edits.length === 0 ? text : splice(text, edits);
    if (translated.length !== text.length) {
      const { after } = this.shift;
      this.shift = { position: start, before: after, after: after + translated.length - text.length };
    }
    if (translated.length !== text.length || this.ahead !== undefined) {
      this.kept.add({ start, end: start + text.length, output, text: translated });
    }
  }

  /** Keeps bytes that stay as they came. */
  keep(start: number, text: string): void {
    this.kept.add({ start, end: start + text.length, output: this.edits.map(start), text });
  }

  /**
   * Takes in that the receiver has everything before `output`. Returns up to where that is the sender's stream.
   *
   * @param next up to where the sender's stream has come
   */
  acknowledge(output: number, next: number): number {
    // Bytes that became nothing are received with those before them, once they have been sent at all.
    const at = Math.min(this.edits.unmap(output), next);
    if (output > this.acked && output <= this.sent) {
      this.acked = output;
      this.kept.forget(output);
      this.edits.forget(Math.min(at, this.gone, this.kept.start ?? at));
    }
    const { ahead } = this;
    if (ahead === undefined || output < ahead.output) return at;
    if (at >= ahead.to) this.ahead = undefined;
    this.told = Math.max(this.told, ahead.to);
    return Math.max(at, ahead.to);
  }

  /** The acknowledgement of which the kernel makes `at`, for one that came as `output`. */
  acknowledgement(output: number, at: number): number {
    return acknowledged(this.shift, output) === at ? output : acknowledging(this.shift, at);
  }

  /** The edges of a block of RFC 2018 as the kernel is to be given them: it covers nothing but what has arrived. */
  block(left: number, right: number): readonly [number, number] {
    const from = this.acknowledgement(left, this.edits.unmapUp(left));
    const to = this.acknowledgement(right, this.edits.unmap(right));
    return from < to && acknowledged(this.shift, from) >= this.edits.unmapUp(left) ? [from, to] : [to, to];
  }
}
