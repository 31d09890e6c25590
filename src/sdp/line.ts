import { find, SP, trimEnd } from "../sip/characters.ts";
import type { Span } from "../sip/span.ts";

/** Offset of the line feed that ends the line which starts at `start`, or `end`. */
export function lineFeedAt(text: string, start: number, end: number): number {
  const lineFeed = text.indexOf("\n", start);
  return lineFeed < 0 || lineFeed > end ? end : lineFeed;
}

/** Offset behind the last character of a line that is no white space and no line end. */
export function lineEnd(text: string, start: number, lineFeed: number): number {
  return trimEnd(text, start, lineFeed);
}

/**
 * The field that starts at `start` or behind the blanks there, up to the next blank; empty at the end of the line.
 */
export function fieldAt(text: string, start: number, end: number): Span {
  let from = start;
  while (from < end && text.charCodeAt(from) === SP) from++;
  return { start: from, end: find(text, SP, from, end) };
}

/** Offset of the last `count` fields of the line in `[start, end)`, or `start` when it has fewer. */
export function lastFields(text: string, start: number, end: number, count: number): number {
  let at = end;
  for (let left = count; left > 0 && at > start; left--) {
    while (at > start && text.charCodeAt(at - 1) === SP) at--;
    while (at > start && text.charCodeAt(at - 1) !== SP) at--;
  }
  return at;
}
