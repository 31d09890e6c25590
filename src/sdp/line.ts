import { find, LF, SP, trimEnd } from "../sip/characters.ts";
import type { Span } from "../sip/message.ts";

/** Offset of the line feed that ends the line which starts at `start`, or `end`. */
export function lineFeedAt(text: string, start: number, end: number): number {
  return find(text, LF, start, end);
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
