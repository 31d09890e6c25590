import { acknowledged, NO_SHIFT, type SequenceShift, shifted } from "./sequence-shift.ts";

/** One place of a stream that becomes other text; offsets count from the stream's first byte. */
interface StreamEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Where `text` begins in the translated stream. */
  readonly output: number;
}

/**
 * StreamEdits is what becomes of one direction of a TCP connection, as a map of its offsets: whatever segments it was
 * cut into, and however often they are sent, each is translated to what lies between the same two marks.
 */
export class StreamEdits {
  /** In their order, not overlapping. */
  #edits: StreamEdit[] = [];
  readonly #begun: SequenceShift;
  /** What the edits that were forgotten have added to the stream, in bytes. */
  #added: number;

  /** @param begun what the kernel makes of the offsets before 0, of a stream that an earlier run has translated */
  constructor(begun: SequenceShift = NO_SHIFT) {
    this.#begun = begun;
    this.#added = begun.after;
  }

  /** Edits that are remembered. */
  get size(): number {
    return this.#edits.length;
  }

  /** Adds the next edit, which begins at the end of the one before or behind it, and not where that begins. */
  add(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, output: this.map(start) });
  }

  /** The offset in the translated stream of what stands at `offset`; text that stands for more ends early. */
  map(offset: number): number {
    if (offset <= this.#begun.position) return shifted(this.#begun, offset);
    const edit = this.#edits[this.#startingBefore(offset) - 1];
    if (edit === undefined) return offset + this.#added;
    const { start, end, text, output } = edit;
    if (offset >= end) return output + text.length + offset - end;
    return output + Math.min(offset - start, text.length);
  }

  /**
   * The other way: the offset up to which all has been received by who has the translated stream up to `output`. For a
   * place within an edit that is the last one all of whose translation lies before it.
   */
  unmap(output: number): number {
    if (output < this.#begun.after) return acknowledged(this.#begun, output);
    const edit = this.#edits[this.#writtenBy(output) - 1];
    if (edit === undefined) return output - this.#added;
    const within = output - edit.output;
    if (within >= edit.text.length) return edit.end + within - edit.text.length;
    return edit.start + Math.min(within, Math.max(0, edit.end - 1 - edit.start));
  }

  /** The first offset whose translation begins at `output` or behind it. */
  unmapUp(output: number): number {
    const edit = this.#edits[this.#writtenBy(output) - 1];
    const inside = edit !== undefined && output > edit.output && output < edit.output + edit.text.length;
    return inside ? edit.end : this.unmap(output);
  }

  /** Forgets the edits before `offset`: nothing that stands there will be asked for again, or may be a byte off. */
  forget(offset: number): void {
    let count = 0;
    for (const { start, end, text } of this.#edits) {
      if (end > offset || start === offset) break;
      this.#added += text.length - (end - start);
      count++;
    }
    if (count > 0) this.#edits = this.#edits.slice(count);
  }

  /** What `[from, from + text.length)` of the stream, which is `text`, becomes. */
  translate(from: number, text: string): string {
    const to = from + text.length;
    let result = "";
    let at = from;
    for (let index = Math.max(0, this.#startingBefore(from) - 1); ; index++) {
      const edit = this.#edits[index];
      if (edit === undefined || edit.start >= to) break;
      if (edit.start < from && edit.end <= from) continue;
      result += text.slice(at - from, Math.max(edit.start, from) - from);
      const first = Math.max(0, from - edit.start);
      result += edit.text.slice(first, edit.end <= to ? undefined : to - edit.start);
      at = Math.min(edit.end, to);
    }
    return result + text.slice(at - from);
  }

  /** How many edits have their text at `output` or before it in the translated stream. */
  #writtenBy(output: number): number {
    let count = this.#edits.length;
    while (count > 0 && (this.#edits[count - 1]?.output ?? 0) > output) count--;
    return count;
  }

  /** How many edits begin before `offset`. */
  #startingBefore(offset: number): number {
    let low = 0;
    let high = this.#edits.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#edits[middle]?.start ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
