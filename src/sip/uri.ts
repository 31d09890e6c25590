import type { Transport } from "../packet/endpoint.ts";
import { canonicalHost } from "../packet/host.ts";
import { bytesOf } from "./bytes.ts";
import {
  AT,
  BRACKET,
  BRACKET_END,
  COLON,
  decimal,
  equals,
  find,
  QUESTION,
  SEMICOLON,
  skipDigits,
  skipHost,
} from "./characters.ts";
import { findParameter } from "./parameters.ts";
import { isWord, word } from "./word.ts";

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

const SIP = word("sip");
const SIPS = word("sips");
const TRANSPORT = word("transport");
const UDP = word("udp");

const OTHER: OtherUri = { kind: "other" };

/**
 * Reads the URI in `[start, end)`.
 *
 * @returns undefined when there is no scheme, or when a `sip:` URI breaks the grammar of RFC 3261 §25.1: no
 *   host, an IPv6 address without brackets (RFC 5118 §4.2), a port that is none
 */
export function scanUri(text: string, start: number, end: number): SipUri | OtherUri | undefined {
  const bytes = bytesOf(text);
  const colon = find(bytes, COLON, start, end);
  if (colon === end || colon === start) return undefined;
  const secure = colon - start === 4;
  if (!isWord(bytes, start, colon, secure ? SIPS : SIP)) return OTHER;

  const hostStart = hostStartOf(bytes, colon + 1, end);
  const hostEnd = hostEndOf(bytes, hostStart, end);
  if (hostEnd === hostStart) return undefined;

  let portStart = hostEnd;
  let portEnd = hostEnd;
  let port: number | undefined;
  if (bytes[hostEnd] === COLON && hostEnd < end) {
    portStart = hostEnd + 1;
    portEnd = skipDigits(bytes, portStart, end);
    port = decimal(bytes, portStart, portEnd, 65535);
    if (port < 0) return undefined;
  }
  if (portEnd < end && bytes[portEnd] !== SEMICOLON && bytes[portEnd] !== QUESTION) return undefined;
  const parametersEnd = find(bytes, QUESTION, portEnd, end);
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

/**
 * Offset of the host in the URI whose scheme ends at `start`. A user part may hold `;`, `?` and `/`, so it is the
 * `@` that ends it; some phones write another `@` into it, which shows by a host that no delimiter ends.
 */
function hostStartOf(bytes: Uint8Array, start: number, end: number): number {
  let at = find(bytes, AT, start, end);
  if (at === end) return start;
  let hostEnd = hostEndOf(bytes, at + 1, end);
  while (hostEnd < end && bytes[hostEnd] === AT) {
    at = hostEnd;
    hostEnd = hostEndOf(bytes, at + 1, end);
  }
  return at + 1;
}

/**
 * Offset just behind the host that starts at `start`: a name, an IPv4 address or an IPv6 reference.
 *
 * @returns `start` when none stands there
 */
export function hostEndOf(bytes: Uint8Array, start: number, end: number): number {
  if (start < end && bytes[start] === BRACKET) {
    const close = find(bytes, BRACKET_END, start, end);
    return close === end ? start : close + 1;
  }
  return skipHost(bytes, start, end);
}

/** The transport a URI asks for (RFC 3261 §19.1.1), TLS being over TCP; undefined when it names none. */
export function transportOf(text: string, uri: SipUri): Transport | undefined {
  const named = findParameter(text, uri.parametersStart, uri.parametersEnd, TRANSPORT);
  if (named === undefined) return uri.secure ? "tcp" : undefined;
  return isWord(bytesOf(text), named.start, named.end, UDP) ? "udp" : "tcp";
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
