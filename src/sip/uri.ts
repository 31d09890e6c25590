import type { Transport } from "../packet/endpoint.ts";
import { canonicalHost } from "../packet/host.ts";
import {
  AT,
  BRACKET,
  BRACKET_END,
  COLON,
  decimal,
  equals,
  equalsIgnoringCase,
  find,
  isHost,
  QUESTION,
  SEMICOLON,
} from "./characters.ts";
import { findParameter } from "./parameters.ts";

/** SipUri is a `sip:` or `sips:` URI as offsets into the text it stands in (RFC 3261 §19.1.1). */
export interface SipUri {
  readonly kind: "sip";
  readonly secure: boolean;
  /** The host, an IPv6 reference with its brackets. */
  readonly hostStart: number;
  readonly hostEnd: number;
  /** The digits of the port; empty and equal to `hostEnd` when there is none. */
  readonly portStart: number;
  readonly portEnd: number;
  readonly port: number | undefined;
  /** Offset of the `;` before the first parameter, or of what follows the port. */
  readonly parametersStart: number;
  readonly parametersEnd: number;
  readonly end: number;
}

/** A URI of another scheme (`tel:`, `urn:`, ...), which holds no address of ours. */
export interface OtherUri {
  readonly kind: "other";
}

const OTHER: OtherUri = { kind: "other" };

/**
 * Reads the URI in `[start, end)`.
 *
 * @returns undefined when there is no scheme, or when a `sip:` URI breaks the grammar of RFC 3261 §25.1: no
 *   host, an IPv6 address without brackets (RFC 5118 §4.2), a port that is none
 */
export function scanUri(text: string, start: number, end: number): SipUri | OtherUri | undefined {
  const colon = find(text, COLON, start, end);
  if (colon === end || colon === start) return undefined;
  const secure = equalsIgnoringCase(text, start, colon, "sips");
  if (!secure && !equalsIgnoringCase(text, start, colon, "sip")) return OTHER;

  const hostStart = hostStartOf(text, colon + 1, end);
  const hostEnd = hostEndOf(text, hostStart, end);
  if (hostEnd === hostStart) return undefined;

  let portStart = hostEnd;
  let portEnd = hostEnd;
  let port: number | undefined;
  if (text.charCodeAt(hostEnd) === COLON && hostEnd < end) {
    portStart = hostEnd + 1;
    portEnd = portStart;
    while (portEnd < end && !endsPort(text.charCodeAt(portEnd))) portEnd++;
    port = decimal(text, portStart, portEnd, 65535);
    if (port < 0) return undefined;
  }
  if (portEnd < end && !endsPort(text.charCodeAt(portEnd))) return undefined;
  const parametersEnd = find(text, QUESTION, portEnd, end);
  return {
    kind: "sip",
    secure,
    hostStart,
    hostEnd,
    portStart,
    portEnd,
    port,
    parametersStart: portEnd,
    parametersEnd,
    end,
  };
}

function endsPort(code: number): boolean {
  return code === SEMICOLON || code === QUESTION;
}

/**
 * Offset of the host in the URI whose scheme ends at `start`. A user part may hold `;`, `?` and `/`, so it is the
 * `@` that ends it; some phones write another `@` into it, which shows by a host that no delimiter ends.
 */
function hostStartOf(text: string, start: number, end: number): number {
  let at = find(text, AT, start, end);
  if (at === end) return start;
  let hostEnd = hostEndOf(text, at + 1, end);
  while (hostEnd < end && text.charCodeAt(hostEnd) === AT) {
    at = hostEnd;
    hostEnd = hostEndOf(text, at + 1, end);
  }
  return at + 1;
}

/**
 * Offset just behind the host that starts at `start`: a name, an IPv4 address or an IPv6 reference.
 *
 * @returns `start` when none stands there
 */
export function hostEndOf(text: string, start: number, end: number): number {
  if (start < end && text.charCodeAt(start) === BRACKET) {
    const close = find(text, BRACKET_END, start, end);
    return close === end ? start : close + 1;
  }
  let at = start;
  while (at < end && isHost(text.charCodeAt(at))) at++;
  return at;
}

/** The transport a URI asks for (RFC 3261 §19.1.1), TLS being over TCP; undefined when it names none. */
export function transportOf(text: string, uri: SipUri): Transport | undefined {
  const named = findParameter(text, uri.parametersStart, uri.parametersEnd, "transport");
  if (named === undefined) return uri.secure ? "tcp" : undefined;
  return equalsIgnoringCase(text, named.start, named.end, "udp") ? "udp" : "tcp";
}

/**
 * True when the host in `[start, end)` is the literal `host`. An IPv6 address is the same in any of its forms
 * (RFC 5118 §4.1), with brackets or, as in a `received`, without (§4.5).
 *
 * @param host canonical
 */
export function isHostLiteral(text: string, start: number, end: number, host: string): boolean {
  if (equals(text, start, end, host)) return true;
  return host.includes(":") && canonicalHost(text.slice(start, end)) === host;
}

/** A canonical host as a URI or a Via has it: an IPv6 address in brackets (RFC 3261 §25.1, RFC 3986 §3.2.2). */
export function hostReference(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
