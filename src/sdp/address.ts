import { canonicalHost } from "../packet/host.ts";
import { bytesOf } from "../sip/bytes.ts";
import { find, SLASH } from "../sip/characters.ts";
import { isWord, word } from "../sip/word.ts";
import { fieldEnd, fieldStart, lastFields } from "./line.ts";
import type { Address } from "./session.ts";

const IN = word("in");
const IP4 = word("ip4");
const IP6 = word("ip6");
const FOUR = 0x34;
/** How nearly every address begins. */
const USUAL = word("in ip4 ");

/**
 * Reads `IN IP4 192.0.2.1` or `IN IP6 2001:db8::1`, with the TTL and count a multicast address may carry
 * (RFC 8866 §5.2, §5.7). The address may be a host name; an IPv6 literal, which has many forms, becomes canonical.
 *
 * @returns undefined when the text is something else
 */
export function scanAddress(text: string, start: number, end: number): Address | undefined {
  const bytes = bytesOf(text);
  const isUsual = isWord(bytes, start, start + USUAL.length, USUAL);
  const typeEnd = isUsual ? start + USUAL.length : behindType(bytes, start, end);
  if (typeEnd < 0) return undefined;
  const isIp4 = isUsual || bytes[typeEnd - 1] === FOUR;
  const hostStart = fieldStart(bytes, typeEnd, end);
  const hostEnd = find(bytes, SLASH, hostStart, fieldEnd(bytes, hostStart, end));
  if (hostEnd === hostStart) return undefined;
  const written = text.slice(hostStart, hostEnd);
  const host = isIp4 ? written : (canonicalHost(written) ?? written);
  return { host, start: hostStart, end: hostEnd, family: isIp4 ? "IP4" : "IP6" };
}

/** Offset behind the network and address types at `start`, or -1 when they are others than of the Internet. */
function behindType(bytes: Uint8Array, start: number, end: number): number {
  const network = fieldStart(bytes, start, end);
  const networkEnd = fieldEnd(bytes, network, end);
  if (!isWord(bytes, network, networkEnd, IN)) return -1;
  const type = fieldStart(bytes, networkEnd, end);
  const typeEnd = fieldEnd(bytes, type, end);
  return isWord(bytes, type, typeEnd, IP4) || isWord(bytes, type, typeEnd, IP6) ? typeEnd : -1;
}

/**
 * Reads the address of an o= line, its last three fields: what stands before them is ours neither to change nor
 * to check, and user names with blanks are seen in the field (RFC 8866 §5.2).
 *
 * @returns undefined when the line ends in no address
 */
export function scanOrigin(text: string, start: number, end: number): Address | undefined {
  return scanAddress(text, lastFields(bytesOf(text), start, end, 3), end);
}
