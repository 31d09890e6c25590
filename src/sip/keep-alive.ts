import { CR, LF, SP } from "./characters.ts";

/** The longest payload that is looked at as a keep-alive, in bytes. */
const LONGEST = 16;

/**
 * True for what phones and proxies send to hold a NAT mapping: nothing at all, CRLF and CRLFCRLF (RFC 5626
 * §3.5.1), and the few zero bytes or blanks that some phones send instead.
 */
export function isKeepAlive(text: string): boolean {
  if (text.length > LONGEST) return false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code !== CR && code !== LF && code !== 0 && code !== SP) return false;
  }
  return true;
}

/** True for a STUN message: two zero bits, and the magic cookie at its place (RFC 8489 §5, §6.3). */
export function isStun(text: string): boolean {
  return text.length >= 20 && text.charCodeAt(0) < 0x40 && text.startsWith("\x21\x12\xa4\x42", 4);
}
