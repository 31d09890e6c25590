/** Character codes the scanners of SIP (RFC 3261 §25.1) and SDP (RFC 8866 §9) compare with. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const EQUAL = 0x3d;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const BRACKET = 0x5b;
export const BRACKET_END = 0x5d;

// The classes of a character, as bits. V8 fetches what a module exports anew at each use, so that none of these is.
const TOKEN = 1;
const HOST = 2;
const SPACE = 4;
const DIGIT = 8;
const DISPLAY = 16;
const NAME_END = 32;
const DELIMITER = 64;
const QUOTED_END = 128;

const classes = new Uint8Array(256);
for (let code = 0; code < 256; code++) {
  if (isDigit(code) || isLetter(code)) mark(String.fromCharCode(code), TOKEN | HOST | DISPLAY);
  // Phones write names in UTF-8 without quotes too, which §25.1 does not foresee.
  if (code >= 0x80) mark(String.fromCharCode(code), DISPLAY);
}
mark("0123456789", DIGIT);
mark("-.!%*_+`'~", TOKEN | DISPLAY);
mark("-._", HOST);
mark(" \t\r\n", SPACE | DISPLAY | NAME_END);
mark("=;,", NAME_END);
mark(';,"<', DELIMITER);
mark('"\\', QUOTED_END);

function mark(characters: string, bits: number): void {
  for (const character of characters) {
    const code = character.charCodeAt(0);
    classes[code] = (classes[code] ?? 0) | bits;
  }
}

/** True for 0 to 9. */
function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** True for A to Z in either case. */
function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** True for the characters of `token`, RFC 3261 §25.1. */
export function isToken(code: number): boolean {
  return ((classes[code] ?? 0) & TOKEN) !== 0;
}

/** True for the white space inside a header value: SP, HTAB and the line ends of a fold (RFC 3261 §7.3.1). */
export function isSpace(code: number): boolean {
  return ((classes[code] ?? 0) & SPACE) !== 0;
}

/** First offset in `[start, end)` that holds no white space, or `end`. */
export function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  return skip(bytes, start, end, SPACE);
}

/** First offset in `[start, end)` that holds no character of a token (RFC 3261 §25.1), or `end`. */
export function skipToken(bytes: Uint8Array, start: number, end: number): number {
  return skip(bytes, start, end, TOKEN);
}

/**
 * First offset in `[start, end)` that holds no character of a host name or an IPv4 address, or `end`. Names in the field
 * have underscores, too.
 */
export function skipHost(bytes: Uint8Array, start: number, end: number): number {
  return skip(bytes, start, end, HOST);
}

/** First offset in `[start, end)` that holds no digit, or `end`. */
export function skipDigits(bytes: Uint8Array, start: number, end: number): number {
  return skip(bytes, start, end, DIGIT);
}

/** First offset in `[start, end)` that holds no character of an unquoted display name, or `end`. */
export function skipDisplayName(bytes: Uint8Array, start: number, end: number): number {
  return skip(bytes, start, end, DISPLAY);
}

/** First offset in `[start, end)` that holds white space, or `end`. */
export function findSpace(bytes: Uint8Array, start: number, end: number): number {
  return seek(bytes, start, end, SPACE);
}

/** First offset in `[start, end)` that ends the name of a parameter: `=`, `;`, `,` or white space; or `end`. */
export function findNameEnd(bytes: Uint8Array, start: number, end: number): number {
  return seek(bytes, start, end, NAME_END);
}

/** First offset in `[start, end)` of `;` or `,`, or of the `"` or `<` that begins what may hold either; or `end`. */
export function findDelimiter(bytes: Uint8Array, start: number, end: number): number {
  return seek(bytes, start, end, DELIMITER);
}

function skip(bytes: Uint8Array, start: number, end: number, bits: number): number {
  let at = start;
  while (at < end && ((classes[bytes[at] ?? 0] ?? 0) & bits) !== 0) at++;
  return at;
}

function seek(bytes: Uint8Array, start: number, end: number, bits: number): number {
  let at = start;
  while (at < end && ((classes[bytes[at] ?? 0] ?? 0) & bits) === 0) at++;
  return at;
}

/** Offset just behind the last character in `[start, end)` that is no white space, or `start`. */
export function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && ((classes[bytes[at - 1] ?? 0] ?? 0) & SPACE) !== 0) at--;
  return at;
}

/** First offset in `[start, end)` that holds `code`, or `end`. */
export function find(bytes: Uint8Array, code: number, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at] !== code) at++;
  return at;
}

/**
 * Offset just behind the quoted-string that starts at `start` (RFC 3261 §25.1, with its backslash escapes), or
 * -1 when it does not end before `end`.
 */
export function skipQuoted(bytes: Uint8Array, start: number, end: number): number {
  let at = seek(bytes, start + 1, end, QUOTED_END);
  while (at < end && bytes[at] !== QUOTE) at = seek(bytes, at + 2, end, QUOTED_END);
  return at < end ? at + 1 : -1;
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
export function decimal(bytes: Uint8Array, start: number, end: number, limit: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > limit) return -1;
  }
  return value;
}
