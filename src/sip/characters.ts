/** Character codes the scanners of SIP (RFC 3261 §25.1) and SDP (RFC 8866 §9) compare with. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const EQUAL = 0x3d;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const BRACKET = 0x5b;
export const BACKSLASH = 0x5c;
export const BRACKET_END = 0x5d;

const TOKEN = 1;
const HOST = 2;

const classes = new Uint8Array(256);
for (const character of "-.!%*_+`'~") mark(character, TOKEN);
for (const character of "-._") mark(character, HOST);
for (let code = 0; code < 128; code++) {
  if (isDigit(code) || isLetter(code)) mark(String.fromCharCode(code), TOKEN | HOST);
}

function mark(character: string, bits: number): void {
  const code = character.charCodeAt(0);
  classes[code] = (classes[code] ?? 0) | bits;
}

/** True for 0 to 9. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** True for A to Z in either case. */
export function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** True for the characters of `token`, RFC 3261 §25.1. */
export function isToken(code: number): boolean {
  return ((classes[code] ?? 0) & TOKEN) !== 0;
}

/** True for the characters of a host name or an IPv4 address, with the underscore that names in the field have. */
export function isHost(code: number): boolean {
  return ((classes[code] ?? 0) & HOST) !== 0;
}

/** True for the white space inside a header value: SP, HTAB and the line ends of a fold (RFC 3261 §7.3.1). */
export function isSpace(code: number): boolean {
  return code <= SP && (code === SP || code === TAB || code === CR || code === LF);
}

/** First offset in `[start, end)` that holds no white space, or `end`. */
export function skipSpace(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Offset just behind the last character in `[start, end)` that is no white space, or `start`. */
export function trimEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(text.charCodeAt(at - 1))) at--;
  return at;
}

/** First offset in `[start, end)` that holds `code`, or `end`. */
export function find(text: string, code: number, start: number, end: number): number {
  let at = start;
  while (at < end && text.charCodeAt(at) !== code) at++;
  return at;
}

/**
 * Offset just behind the quoted-string that starts at `start` (RFC 3261 §25.1, with its backslash escapes), or
 * -1 when it does not end before `end`.
 */
export function skipQuoted(text: string, start: number, end: number): number {
  for (let at = start + 1; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return -1;
}

/** True when `[start, end)` reads `lower` in any case; `lower` is in lower case. */
export function equalsIgnoringCase(text: string, start: number, end: number, lower: string): boolean {
  if (end - start !== lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    const code = text.charCodeAt(start + index);
    const wanted = lower.charCodeAt(index);
    if (code !== wanted && ((code | 0x20) !== wanted || !isLetter(code))) return false;
  }
  return true;
}

/** True when `[start, end)` reads exactly `expected`. */
export function equals(text: string, start: number, end: number, expected: string): boolean {
  return end - start === expected.length && text.startsWith(expected, start);
}

/**
 * The decimal number written in `[start, end)`.
 *
 * @returns -1 when there is no digit, another character, or more than `limit`
 */
export function decimal(text: string, start: number, end: number, limit: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code)) return -1;
    value = value * 10 + code - 0x30;
    if (value > limit) return -1;
  }
  return value;
}
