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
  readonly #edits: StreamEdit[] = [];

  /** Adds the next edit, which begins at the end of the one before or behind it, and not where that begins. */
  add(start: number, end: number, text: string): void {
    this.#edits.push({ start, end, text, output: this.map(start) });
  }

  /** The offset in the translated stream of what stands at `offset`; text that stands for more ends early. */
  map(offset: number): number {
    const edit = this.#edits[this.#startingBefore(offset) - 1];
    if (edit === undefined) return offset;
    const { start, end, text, output } = edit;
    if (offset >= end) return output + text.length + offset - end;
    return output + Math.min(offset - start, text.length);
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
