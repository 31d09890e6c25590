import { COLON, CR, isSpace, SP, skipSpace, TAB, trimEnd } from "./characters.ts";
import { continueName, headerId, NAME_START, UNKNOWN_NAME } from "./header-names.ts";
import type { HeaderTable } from "./headers.ts";
import { type NotSip, notSip } from "./not-sip.ts";

/**
 * Appends the header fields that start at `start` to `headers`, up to the empty line behind them (RFC 3261
 * §7.3; RFC 2046 §5.1 for the parts of a multipart body).
 *
 * @returns the offset behind the empty line
 */
export function scanFields(text: string, start: number, end: number, headers: HeaderTable): number | NotSip {
  let at = start;
  for (;;) {
    const lineFeed = text.indexOf("\n", at);
    if (lineFeed < 0 || lineFeed >= end) return notSip("unterminated-headers", at);
    if (endOfLine(text, at, lineFeed) === at) return lineFeed + 1;
    const valueEnd = foldedEnd(text, lineFeed);
    if (valueEnd < 0) return notSip("unterminated-headers", at);
    let name: number = NAME_START;
    let nameEnd = at;
    let code = text.charCodeAt(at);
    // Only white space may stand between the name and its colon (RFC 3261 §7.3.1); the line feed, being that, ends it.
    while (name !== UNKNOWN_NAME && code !== COLON && !isSpace(code)) {
      name = continueName(name, code);
      code = text.charCodeAt(++nameEnd);
    }
    while (code !== COLON && !isSpace(code)) code = text.charCodeAt(++nameEnd);
    const colon = code === COLON ? nameEnd : skipSpace(text, nameEnd, lineFeed);
    if (nameEnd === at || text.charCodeAt(colon) !== COLON) return notSip("malformed-header", at);
    const valueStart = skipSpace(text, colon + 1, valueEnd);
    headers.add(headerId(name), at, valueStart, trimEnd(text, valueStart, valueEnd));
    at = valueEnd + 1;
  }
}

/**
 * Offset of the line feed that ends the field: a line that starts with white space continues it (RFC 3261
 * §7.3.1). -1 when the text ends in a fold.
 */
function foldedEnd(text: string, lineFeed: number): number {
  let end = lineFeed;
  for (;;) {
    const code = text.charCodeAt(end + 1);
    if (code !== SP && code !== TAB) return end;
    end = text.indexOf("\n", end + 1);
    if (end < 0) return -1;
  }
}

/** Where the line that `lineFeed` ends stops: before its CR, if it has one. */
export function endOfLine(text: string, start: number, lineFeed: number): number {
  return lineFeed > start && text.charCodeAt(lineFeed - 1) === CR ? lineFeed - 1 : lineFeed;
}
