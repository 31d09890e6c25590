import { canonicalHost } from "../packet/host.ts";
import { equalsIgnoringCase, find, SLASH } from "../sip/characters.ts";
import { fieldAt, lastFields } from "./line.ts";
import type { Address } from "./session.ts";

/**
 * Reads `IN IP4 192.0.2.1` or `IN IP6 2001:db8::1`, with the TTL and count a multicast address may carry
 * (RFC 8866 §5.2, §5.7). The address may be a host name; an IPv6 literal, which has many forms, becomes canonical.
 *
 * @returns undefined when the text is something else
 */
export function scanAddress(text: string, start: number, end: number): Address | undefined {
  const network = fieldAt(text, start, end);
  if (!equalsIgnoringCase(text, network.start, network.end, "in")) return undefined;
  const type = fieldAt(text, network.end, end);
  const isIp4 = equalsIgnoringCase(text, type.start, type.end, "ip4");
  if (!isIp4 && !equalsIgnoringCase(text, type.start, type.end, "ip6")) return undefined;
  const field = fieldAt(text, type.end, end);
  const hostEnd = find(text, SLASH, field.start, field.end);
  if (hostEnd === field.start) return undefined;
  const written = text.slice(field.start, hostEnd);
  const host = isIp4 ? written : (canonicalHost(written) ?? written);
  return { host, start: field.start, end: hostEnd, family: isIp4 ? "IP4" : "IP6" };
}

/**
 * Reads the address of an o= line, its last three fields: what stands before them is ours neither to change nor
 * to check, and user names with blanks are seen in the field (RFC 8866 §5.2).
 *
 * @returns undefined when the line ends in no address
 */
export function scanOrigin(text: string, start: number, end: number): Address | undefined {
  return scanAddress(text, lastFields(text, start, end, 3), end);
}
