import { bytesOf } from "./bytes.ts";
import { COLON, CR, SP, skipSpace, TAB, trimEnd } from "./characters.ts";
import { readName } from "./header-names.ts";
import type { HeaderTable } from "./headers.ts";
import { type NotSip, notSip } from "./not-sip.ts";

/**
 * Appends the header fields that start at `start` to `headers`, up to the empty line behind them (RFC 3261
 * §7.3; RFC 2046 §5.1 for the parts of a multipart body).
 *
 * @returns the offset behind the empty line
 */
export function scanFields(text: string, start: number, end: number, headers: HeaderTable): number | NotSip {
  const bytes = bytesOf(text);
  let at = start;
  for (;;) {
    const lineFeed = text.indexOf("\n", at);
    if (lineFeed < 0 || lineFeed >= end) return notSip("unterminated-headers", at);
    if (endOfLine(bytes, at, lineFeed) === at) return lineFeed + 1;
    const valueEnd = startsWithBlank(bytes, lineFeed + 1) ? foldedEnd(text, bytes, lineFeed) : lineFeed;
    if (valueEnd < 0) return notSip("unterminated-headers", at);
    const name = readName(bytes, at);
    // Only white space may stand between the name and its colon (RFC 3261 §7.3.1).
    const colon = bytes[name.end] === COLON ? name.end : skipSpace(bytes, name.end, lineFeed);
    if (name.end === at || bytes[colon] !== COLON) return notSip("malformed-header", at);
    const valueStart = skipSpace(bytes, colon + 1, valueEnd);
    headers.add(name.id, at, valueStart, trimEnd(bytes, valueStart, valueEnd));
    at = valueEnd + 1;
  }
}

/**
 * Offset of the line feed that ends the field: a line that starts with white space continues it (RFC 3261
 * §7.3.1). -1 when the text ends in a fold.
 */
function foldedEnd(text: string, bytes: Uint8Array, lineFeed: number): number {
  let end = lineFeed;
  while (startsWithBlank(bytes, end + 1)) {
    end = text.indexOf("\n", end + 1);
    if (end < 0) return -1;
  }
  return end;
}

function startsWithBlank(bytes: Uint8Array, line: number): boolean {
  return bytes[line] === SP || bytes[line] === TAB;
}

/** Where the line that `lineFeed` ends stops: before its CR, if it has one. */
export function endOfLine(bytes: Uint8Array, start: number, lineFeed: number): number {
  return lineFeed > start && bytes[lineFeed - 1] === CR ? lineFeed - 1 : lineFeed;
}
