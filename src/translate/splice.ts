import type { Edit } from "./translation.ts";

/**
 * The text with the edits made; every character outside them stays.
 *
 * @param edits sorted by where they start, not overlapping
 */
export function splice(text: string, edits: readonly Edit[]): string {
  if (edits.length === 0) return text;
  let result = "";
  let at = 0;
  for (const edit of edits) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}
