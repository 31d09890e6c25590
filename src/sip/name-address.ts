import {
  COLON,
  COMMA,
  find,
  GREATER,
  isSpace,
  isToken,
  LESS,
  QUESTION,
  QUOTE,
  SEMICOLON,
  skipQuoted,
  skipSpace,
} from "./characters.ts";
import { valueEndOf } from "./parameters.ts";

const FIRST_BEYOND_ASCII = 0x80;

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
  return { uriStart, uriEnd, parametersStart, end: valueEndOf(text, parametersStart, end) };
}

/**
 * Reads the value of From, To, Contact, Route, ... that starts at `start` up to its parameters.
 *
 * @returns undefined when it breaks RFC 3261 §25.1: an open quoted string, a display name of other characters
 *   than tokens and UTF-8, `<` without `>`, white space inside `<>`, a bare URI with `?` (§20.10 wants `<>` around it)
 */
export function scanAddressSpan(text: string, start: number, end: number): AddressSpan | undefined {
  let at = skipSpace(text, start, end);
  if (at < end && text.charCodeAt(at) === QUOTE) {
    const behind = skipQuoted(text, at, end);
    if (behind < 0) return undefined;
    at = skipSpace(text, behind, end);
    return at < end && text.charCodeAt(at) === LESS ? angled(text, at, end) : undefined;
  }
  const first = at;
  while (at < end && isDisplayCharacter(text.charCodeAt(at))) at++;
  if (at >= end) return undefined;
  const code = text.charCodeAt(at);
  if (code === LESS) return angled(text, at, end);
  return code === COLON ? bare(text, first, end) : undefined;
}

/** What an unquoted display name is made of; phones write names in UTF-8 there too, which §25.1 does not foresee. */
function isDisplayCharacter(code: number): boolean {
  return isToken(code) || isSpace(code) || code >= FIRST_BEYOND_ASCII;
}

function angled(text: string, open: number, end: number): AddressSpan | undefined {
  const close = find(text, GREATER, open, end);
  if (close === end || close === open + 1) return undefined;
  if (isSpace(text.charCodeAt(open + 1)) || isSpace(text.charCodeAt(close - 1))) return undefined;
  return finish(text, open + 1, close, close + 1, end);
}

function bare(text: string, start: number, end: number): AddressSpan | undefined {
  let at = start;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === SEMICOLON || code === COMMA || isSpace(code)) break;
    if (code === QUESTION) return undefined;
  }
  return finish(text, start, at, at, end);
}

function finish(
  text: string,
  uriStart: number,
  uriEnd: number,
  behind: number,
  end: number,
): AddressSpan | undefined {
  const parametersStart = skipSpace(text, behind, end);
  const code = parametersStart < end ? text.charCodeAt(parametersStart) : COMMA;
  return code === SEMICOLON || code === COMMA ? { uriStart, uriEnd, parametersStart } : undefined;
}
