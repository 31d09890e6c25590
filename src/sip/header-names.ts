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

/** A name that is no beginning of those above, whatever follows it. */
export const UNKNOWN_NAME = 0;
/** The beginning of every name: none of its characters has been read. */
export const NAME_START = 1;

/** Numbers of the characters that names are made of, a letter's the same in either case; 0 for any other. */
const symbols = new Uint8Array(256);
for (let letter = 0; letter < 26; letter++) symbols[0x61 + letter] = symbols[0x41 + letter] = letter + 1;
symbols[0x2d] = 27;
const SYMBOL_BITS = 5;

/** The tree of all names, a row of symbols for each beginning of one: which beginning the next character makes of it. */
const rows: number[] = [];
/** The id of the name that a beginning already is. */
const ids: HeaderId[] = [];
addBeginning();
addBeginning();
for (const [name, id] of NAMES) ids[addName(name)] = id;
const tree = Uint16Array.from(rows);

function addBeginning(): number {
  for (let symbol = 0; symbol < 1 << SYMBOL_BITS; symbol++) rows.push(UNKNOWN_NAME);
  return ids.push(Header.other) - 1;
}

function addName(name: string): number {
  let beginning: number = NAME_START;
  for (let at = 0; at < name.length; at++) {
    const entry = (beginning << SYMBOL_BITS) | (symbols[name.charCodeAt(at)] ?? 0);
    beginning = rows[entry] || addBeginning();
    rows[entry] = beginning;
  }
  return beginning;
}

/**
 * The beginning of a field name that `code` makes of one it follows. So a name is told by the one pass that looks for
 * its end, long or compact, in any case (RFC 3261 §7.3.1, §7.3.3).
 *
 * @param beginning NAME_START, or what this gave for the character before
 */
export function continueName(beginning: number, code: number): number {
  return tree[(beginning << SYMBOL_BITS) | (symbols[code] ?? 0)] ?? UNKNOWN_NAME;
}

/** The id of the field name whose last character made `beginning`. */
export function headerId(beginning: number): HeaderId {
  return ids[beginning] ?? Header.other;
}
