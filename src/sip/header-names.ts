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

/** Numbers of the characters that names are made of, a letter's the same in either case; those of others are below. */
const symbols = new Uint8Array(256);
for (let letter = 0; letter < 26; letter++) symbols[0x61 + letter] = symbols[0x41 + letter] = letter + 1;
symbols[0x2d] = 27;
const SYMBOL_BITS = 5;
/** Of what ends a name: the colon and white space. */
const END = 31;
for (const code of [0x3a, 0x20, 0x09, 0x0d, 0x0a]) symbols[code] = END;

/** A beginning that no name has, whatever follows it; and that of all of them, none of whose characters has been read. */
const UNKNOWN = 0;
const EMPTY = 1;

/** The tree of all names, a row of symbols for each beginning of one: which beginning the next character makes of it. */
const rows: number[] = [];
/** The id of the name that a beginning already is. */
const ids: HeaderId[] = [];
addBeginning();
addBeginning();
for (const [name, id] of NAMES) ids[addName(name)] = id;
const tree = Uint16Array.from(rows);

function addBeginning(): number {
  for (let symbol = 0; symbol < 1 << SYMBOL_BITS; symbol++) rows.push(UNKNOWN);
  return ids.push(Header.other) - 1;
}

function addName(name: string): number {
  let beginning: number = EMPTY;
  for (let at = 0; at < name.length; at++) {
    const entry = (beginning << SYMBOL_BITS) | (symbols[name.charCodeAt(at)] ?? 0);
    beginning = rows[entry] || addBeginning();
    rows[entry] = beginning;
  }
  return beginning;
}

/** A field name that has been read: which it is, and the offset of the colon or the white space that ends it. */
export interface FieldName {
  readonly id: HeaderId;
  readonly end: number;
}

/**
 * Reads the field name that starts at `start`, long or compact, in any case (RFC 3261 §7.3.1, §7.3.3), and tells it by
 * the one pass that looks for its end. A line feed must stand somewhere behind it.
 */
export function readName(bytes: Uint8Array, start: number): FieldName {
  let beginning: number = EMPTY;
  let at = start;
  let symbol = symbols[bytes[at] ?? 0] ?? 0;
  while (symbol !== END && beginning !== UNKNOWN) {
    beginning = tree[(beginning << SYMBOL_BITS) | symbol] ?? UNKNOWN;
    symbol = symbols[bytes[++at] ?? 0] ?? 0;
  }
  while (symbol !== END) symbol = symbols[bytes[++at] ?? 0] ?? 0;
  return { id: ids[beginning] ?? Header.other, end: at };
}
