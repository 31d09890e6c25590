import { ipv4ToNumber } from "./ipv4.ts";
import { formatIpv6, parseIpv6 } from "./ipv6.ts";

/** The address family of an IP literal. */
export type Family = "ipv4" | "ipv6";

const DOT = 0x2e;
/** Digits before the first dot of an IPv4 literal. */
const MOST_DIGITS = 3;

/** Returns the family of a canonical host (see Endpoint): only an IPv6 literal holds a colon. */
export function familyOf(host: string): Family {
  // An IPv4 literal shows by its first dot already; to search a text for what is not in it takes ten times as long.
  for (let at = 1; at <= MOST_DIGITS; at++) if (host.charCodeAt(at) === DOT) return "ipv4";
  return host.includes(":") ? "ipv6" : "ipv4";
}

/**
 * Brings an IP literal into the one form an Endpoint holds: a dotted quad, or RFC 5952 without brackets.
 *
 * Takes what SIP and SDP write: brackets around IPv6 are allowed, a zone ("%eth0") is not.
 *
 * @returns undefined when `text` is no IP literal (a host name, say)
 */
export function canonicalHost(text: string): string | undefined {
  if (ipv4ToNumber(text) !== undefined) return text;
  const bracketed = text.startsWith("[") && text.endsWith("]");
  const bytes = parseIpv6(bracketed ? text.slice(1, -1) : text);
  return bytes === undefined ? undefined : formatIpv6(bytes);
}
