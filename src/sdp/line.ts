import { find, SP } from "../sip/characters.ts";
import type { Span } from "../sip/span.ts";

/** Offset of the line feed that ends the line which starts at `start`, or `end`. */
export function lineFeedAt(text: string, start: number, end: number): number {
  const lineFeed = text.indexOf("\n", start);
  return lineFeed < 0 || lineFeed > end ? end : lineFeed;
}

/** Offset of the field that starts at `start` or behind the blanks there, or `end`. */
export function fieldStart(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] === SP) at++;
  return at;
}

/** Offset of the blank behind the field that starts at `start`, or `end`. */
export function fieldEnd(bytes: Uint8Array, start: number, end: number): number {
  return find(bytes, SP, start, end);
}

/**
 * The field that starts at `start` or behind the blanks there, up to the next blank; empty at the end of the line.
 */
export function fieldAt(bytes: Uint8Array, start: number, end: number): Span {
  const from = fieldStart(bytes, start, end);
  return { start: from, end: fieldEnd(bytes, from, end) };
}

/** Offset of the last `count` fields of the line in `[start, end)`, or `start` when it has fewer. */
export function lastFields(bytes: Uint8Array, start: number, end: number, count: number): number {
  let at = end;
  for (let left = count; left > 0 && at > start; left--) {
    while (at > start && bytes[at - 1] === SP) at--;
    while (at > start && bytes[at - 1] !== SP) at--;
  }
  return at;
}
