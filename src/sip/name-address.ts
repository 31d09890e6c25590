import { bytesOf } from "./bytes.ts";
import {
  COLON,
  COMMA,
  find,
  GREATER,
  isSpace,
  LESS,
  QUESTION,
  QUOTE,
  SEMICOLON,
  skipDisplayName,
  skipQuoted,
  skipSpace,
} from "./characters.ts";
import { valueEndOf } from "./parameters.ts";

/** AddressSpan is where a name-addr or a bare addr-spec stands (RFC 3261 §20.10). */
export interface AddressSpan {
  readonly uriStart: number;
  readonly uriEnd: number;
  /** Offset behind the `>` or the bare URI and white space: of a `;`, of a `,`, or the end of the field. */
  readonly parametersStart: number;
}

/** NameAddress is a name-addr or a bare addr-spec with its header parameters (RFC 3261 §20.10). */
export interface NameAddress extends AddressSpan {
  /** Offset of the comma before the next value of the same field, or the end of the field. */
  readonly end: number;
}

/** Reads the value of From, To, Contact, Route, ... that starts at `start`; undefined as `scanAddressSpan` says. */
export function scanNameAddress(text: string, start: number, end: number): NameAddress | undefined {
  const found = scanAddressSpan(text, start, end);
  if (found === undefined) return undefined;
  const { uriStart, uriEnd, parametersStart } = found;
  return { uriStart, uriEnd, parametersStart, end: valueEndOf(bytesOf(text), parametersStart, end) };
}

/**
 * Reads the value of From, To, Contact, Route, ... that starts at `start` up to its parameters.
 *
 * @returns undefined when it breaks RFC 3261 §25.1: an open quoted string, a display name of other characters
 *   than tokens and UTF-8, `<` without `>`, white space inside `<>`, a bare URI with `?` (§20.10 wants `<>` around it)
 */
export function scanAddressSpan(text: string, start: number, end: number): AddressSpan | undefined {
  const bytes = bytesOf(text);
  const first = skipSpace(bytes, start, end);
  if (first < end && bytes[first] === QUOTE) {
    const behind = skipQuoted(bytes, first, end);
    if (behind < 0) return undefined;
    const open = skipSpace(bytes, behind, end);
    return open < end && bytes[open] === LESS ? angled(bytes, open, end) : undefined;
  }
  const at = skipDisplayName(bytes, first, end);
  if (at >= end) return undefined;
  if (bytes[at] === LESS) return angled(bytes, at, end);
  return bytes[at] === COLON ? bare(bytes, first, end) : undefined;
}

function angled(bytes: Uint8Array, open: number, end: number): AddressSpan | undefined {
  const close = find(bytes, GREATER, open, end);
  if (close === end || close === open + 1) return undefined;
  if (isSpace(bytes[open + 1] ?? 0) || isSpace(bytes[close - 1] ?? 0)) return undefined;
  return finish(bytes, open + 1, close, close + 1, end);
}

function bare(bytes: Uint8Array, start: number, end: number): AddressSpan | undefined {
  let at = start;
  for (; at < end; at++) {
    const code = bytes[at] ?? 0;
    if (code === SEMICOLON || code === COMMA || isSpace(code)) break;
    if (code === QUESTION) return undefined;
  }
  return finish(bytes, start, at, at, end);
}

function finish(
  bytes: Uint8Array,
  uriStart: number,
  uriEnd: number,
  behind: number,
  end: number,
): AddressSpan | undefined {
  const parametersStart = skipSpace(bytes, behind, end);
  const code = parametersStart < end ? bytes[parametersStart] : COMMA;
  return code === SEMICOLON || code === COMMA ? { uriStart, uriEnd, parametersStart } : undefined;
}
