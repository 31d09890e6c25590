import { equalsIgnoringCase } from "./characters.ts";

/** The header fields that decide something here; every other one is `other` and its text is never looked at. */
export const Header = {
  other: 0,
  via: 1,
  from: 2,
  to: 3,
  callId: 4,
  cseq: 5,
  contact: 6,
  contentLength: 7,
  contentType: 8,
  contentEncoding: 9,
  recordRoute: 10,
  route: 11,
  path: 12,
  serviceRoute: 13,
  referTo: 14,
  referredBy: 15,
  expires: 16,
  sessionExpires: 17,
  authorization: 18,
  proxyAuthorization: 19,
  authenticationInfo: 20,
  identity: 21,
  date: 22,
  contentTransferEncoding: 23,
} as const;

/** One of the numbers of Header. All are below 32, so that a bit set of them is one integer. */
export type HeaderId = (typeof Header)[keyof typeof Header];

/** Names in lower case; the compact forms are those of RFC 3261 §7.3.3 and of the header's own RFC. */
const NAMES: readonly (readonly [name: string, id: HeaderId])[] = [
  ["via", Header.via],
  ["v", Header.via],
  ["from", Header.from],
  ["f", Header.from],
  ["to", Header.to],
  ["t", Header.to],
  ["call-id", Header.callId],
  ["i", Header.callId],
  ["cseq", Header.cseq],
  ["contact", Header.contact],
  ["m", Header.contact],
  ["content-length", Header.contentLength],
  ["l", Header.contentLength],
  ["content-type", Header.contentType],
  ["c", Header.contentType],
  ["content-encoding", Header.contentEncoding],
  ["e", Header.contentEncoding],
  ["record-route", Header.recordRoute],
  ["route", Header.route],
  ["path", Header.path],
  ["service-route", Header.serviceRoute],
  ["refer-to", Header.referTo],
  ["r", Header.referTo],
  ["referred-by", Header.referredBy],
  ["b", Header.referredBy],
  ["expires", Header.expires],
  ["session-expires", Header.sessionExpires],
  ["x", Header.sessionExpires],
  ["authorization", Header.authorization],
  ["proxy-authorization", Header.proxyAuthorization],
  ["authentication-info", Header.authenticationInfo],
  ["identity", Header.identity],
  ["y", Header.identity],
  ["date", Header.date],
  ["content-transfer-encoding", Header.contentTransferEncoding],
];

interface Candidate {
  readonly name: string;
  readonly id: HeaderId;
}

/** The names that start with a given letter: a name's first letter leaves at most eight to compare lengths with. */
const byFirstLetter: readonly (readonly Candidate[])[] = Array.from({ length: 128 }, (_, code) =>
  NAMES.filter(([name]) => name.charCodeAt(0) === code).map(([name, id]) => ({ name, id })),
);

const none: readonly Candidate[] = [];

/** The id of the field name in `[start, end)`, long or compact, in any case (RFC 3261 §7.3.1, §7.3.3). */
export function headerId(text: string, start: number, end: number): HeaderId {
  const candidates = byFirstLetter[text.charCodeAt(start) | 0x20] ?? none;
  for (const { name, id } of candidates) {
    if (name.length === end - start && equalsIgnoringCase(text, start, end, name)) return id;
  }
  return Header.other;
}
