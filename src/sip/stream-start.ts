import { CR, isToken, LF, SP } from "./characters.ts";
import { scanStartLine } from "./start-line.ts";

/** Bytes at the beginning of a message that tell what it may be. */
export const BEGINNING = 64;
const LONGEST_METHOD = 32;

/**
 * False when bytes at the beginning of a stream cannot become a SIP message, whatever follows: a TLS record, a request
 * of HTTP (whose target has no scheme), a banner. Line ends before the start-line count for nothing (RFC 3261 §7.5).
 *
 * @param text one latin1 character per byte
 */
export function mayBeginSip(text: string): boolean {
  let start = 0;
  while (start < text.length && isLineEnd(text.charCodeAt(start))) start++;
  let at = start;
  while (at < text.length && at - start < LONGEST_METHOD && isNameCharacter(text.charCodeAt(at))) at++;
  if (at === text.length) return true;
  if (at === start || text.charCodeAt(at) !== SP) return false;
  return at + 1 === text.length || isAlphanumeric(text.charCodeAt(at + 1));
}

/**
 * True when bytes somewhere in a stream are the whole start-line of a message and perhaps more of it, with no more than
 * line ends before it.
 *
 * @param text one latin1 character per byte
 */
export function beginsMessage(text: string): boolean {
  let start = 0;
  while (start < text.length && isLineEnd(text.charCodeAt(start))) start++;
  const lineFeed = text.indexOf("\n", start);
  if (lineFeed < 0) return false;
  const end = text.charCodeAt(lineFeed - 1) === CR ? lineFeed - 1 : lineFeed;
  return scanStartLine(text, start, end) !== undefined;
}

/** Of a method, or of "SIP/2.0". */
function isNameCharacter(code: number): boolean {
  return isToken(code) || code === 0x2f;
}

/** What a scheme and a status code begin with. */
function isAlphanumeric(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a);
}

function isLineEnd(code: number): boolean {
  return code === CR || code === LF;
}
