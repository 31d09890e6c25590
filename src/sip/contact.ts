import type { Transport } from "../packet/endpoint.ts";
import { bytesOf } from "./bytes.ts";
import { skipSpace } from "./characters.ts";
import { deltaSeconds } from "./expires.ts";
import { Header } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { type NameAddress, scanNameAddress } from "./name-address.ts";
import { findParameter } from "./parameters.ts";
import type { Span } from "./span.ts";
import { scanUri, transportOf } from "./uri.ts";
import { word } from "./word.ts";

const EXPIRES = word("expires");

/** Contact is one value of a Contact field (RFC 3261 §20.10). */
export type Contact =
  /** `*`: all bindings of the address-of-record (RFC 3261 §10.2.2). */
  | { readonly kind: "star" }
  | {
      readonly kind: "address";
      readonly uri: Span;
      /** The host of a SIP URI as written, an IPv6 reference with its brackets; "" for another scheme. */
      readonly host: string;
      /** undefined when the URI names none. */
      readonly port: number | undefined;
      /** The transport the URI names; undefined when it names none. */
      readonly transport: Transport | undefined;
      /** The expires parameter in seconds, read as `deltaSeconds` reads; undefined when there is none. */
      readonly expires: number | undefined;
    };

/** The values of every Contact field in their order; a malformed value ends those of its field. */
export function contacts(message: SipMessage): readonly Contact[] {
  const found: Contact[] = [];
  visit(message, (address) => found.push(address === undefined ? STAR : contactAt(message.text, address)));
  return found;
}

/**
 * The longest expiry of a Contact in seconds, that of `contacts`; undefined when there is no address among them.
 *
 * @param fallback what counts for one without an expires parameter
 */
export function longestExpiry(message: SipMessage, fallback: number): number | undefined {
  let longest: number | undefined;
  visit(message, (address) => {
    if (address === undefined) return;
    longest = Math.max(longest ?? 0, expiresAt(message.text, address) ?? fallback);
  });
  return longest;
}

const STAR: Contact = { kind: "star" };

/** Calls `take` with each value; undefined stands for `*`. */
function visit(message: SipMessage, take: (address: NameAddress | undefined) => void): void {
  const { text, headers } = message;
  for (let index = headers.first(Header.contact); index >= 0; index = headers.next(Header.contact, index)) {
    let at = headers.valueStart(index);
    const end = headers.valueEnd(index);
    if (end - at === 1 && text[at] === "*") {
      take(undefined);
      continue;
    }
    while (at < end) {
      const address = scanNameAddress(text, at, end);
      if (address === undefined) break;
      take(address);
      at = skipSpace(bytesOf(text), address.end + 1, end);
    }
  }
}

function contactAt(text: string, address: NameAddress): Contact {
  const uri = scanUri(text, address.uriStart, address.uriEnd);
  const isSip = uri !== undefined && uri.kind === "sip";
  return {
    kind: "address",
    uri: { start: address.uriStart, end: address.uriEnd },
    host: isSip ? text.slice(uri.hostStart, uri.hostEnd) : "",
    port: isSip ? uri.port : undefined,
    transport: isSip ? transportOf(text, uri) : undefined,
    expires: expiresAt(text, address),
  };
}

function expiresAt(text: string, address: NameAddress): number | undefined {
  const expires = findParameter(text, address.parametersStart, address.end, EXPIRES);
  return expires === undefined ? undefined : deltaSeconds(text, expires.start, expires.end);
}
