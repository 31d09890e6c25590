import type { Edit } from "./translation.ts";

const NONE: readonly Edit[] = [];

/** EditList collects the edits of one message in any order; an edit that would change nothing is not taken. */
export class EditList {
  readonly #text: string;
  #edits: Edit[] | undefined;
  #sorted = true;
  #lastStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Puts `replacement` in the place of `[start, end)`. */
  replace(start: number, end: number, replacement: string, place: Edit["place"], rule: string): void {
    if (end - start === replacement.length && this.#text.startsWith(replacement, start)) return;
    this.#edits ??= [];
    if (start < this.#lastStart) this.#sorted = false;
    this.#lastStart = start;
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
    if (!this.#sorted) sort(edits);
    return edits;
  }
}

/** As many edits as are put in their order sooner here than by the general sort. */
const FEW = 16;

function sort(edits: Edit[]): void {
  if (edits.length > FEW) edits.sort(compare);
  else for (let index = 1; index < edits.length; index++) sink(edits, index);
}

/** Puts the edit at `index` in its place among those before it, which are in order. */
function sink(edits: Edit[], index: number): void {
  const edit = edits[index];
  if (edit === undefined) return;
  let at = index;
  for (
    let before = edits[at - 1];
    before !== undefined && compare(before, edit) > 0;
    before = edits[at - 1]
  ) {
    edits[at] = before;
    at--;
  }
  edits[at] = edit;
}

function compare(one: Edit, other: Edit): number {
  return one.start - other.start || one.end - other.end;
}
