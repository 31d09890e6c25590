import type { Edit } from "./translation.ts";

const NONE: readonly Edit[] = [];

/** EditList collects the edits of one message in any order; an edit that would change nothing is not taken. */
export class EditList {
  readonly #text: string;
  #edits: Edit[] | undefined;
  #sorted = true;

  constructor(text: string) {
    this.#text = text;
  }

  /** Puts `replacement` in the place of `[start, end)`. */
  replace(start: number, end: number, replacement: string, place: Edit["place"], rule: string): void {
    if (end - start === replacement.length && this.#text.startsWith(replacement, start)) return;
    this.#edits ??= [];
    const last = this.#edits.at(-1);
    if (last !== undefined && last.start > start) this.#sorted = false;
    this.#edits.push({ start, end, text: replacement, place, rule });
  }

  /** By how many characters the edits that start in `[start, end)` change its length. */
  growth(start: number, end: number): number {
    let sum = 0;
    for (const edit of this.#edits ?? NONE) {
      if (edit.start >= start && edit.start < end) sum += edit.text.length - (edit.end - edit.start);
    }
    return sum;
  }

  /** The edits, sorted by where they start. */
  sorted(): readonly Edit[] {
    const edits = this.#edits;
    if (edits === undefined) return NONE;
    if (!this.#sorted) edits.sort((a, b) => a.start - b.start || a.end - b.end);
    return edits;
  }
}
