import { describe, expect, it } from "vitest";
import { bytesOf } from "../../src/sip/bytes.ts";
import { Header, type HeaderId, readName } from "../../src/sip/header-names.ts";

const NAMES: readonly (readonly [name: string, id: HeaderId])[] = [
  ["Via", Header.via],
  ["v", Header.via],
  ["Call-ID", Header.callId],
  ["i", Header.callId],
  ["CSeq", Header.cseq],
  ["Contact", Header.contact],
  ["Content-Length", Header.contentLength],
  ["Content-Type", Header.contentType],
  ["Content-Encoding", Header.contentEncoding],
  ["Content-Transfer-Encoding", Header.contentTransferEncoding],
  ["Record-Route", Header.recordRoute],
  ["Refer-To", Header.referTo],
  ["Referred-By", Header.referredBy],
  ["Y", Header.identity],
];

/** The id that is read of a name, when all of it is read. */
function idOf(name: string, behind = ":"): HeaderId | string {
  const read = readName(bytesOf(`${name}${behind} 1\r\n`), 0);
  return read.end === name.length ? read.id : `ends at ${read.end}`;
}

describe.each(NAMES)("the field name %s", (name, id) => {
  it("is known in any case, whatever ends it", () => {
    for (const end of [":", " :", "\t:", "\r\n :"]) {
      for (const written of [name, name.toLowerCase(), name.toUpperCase()])
        expect(idOf(written, end)).toBe(id);
    }
  });

  it("is another one with one character more, less or changed", () => {
    expect(idOf(`${name}x`)).not.toBe(id);
    expect(idOf(`x${name}`)).toBe(Header.other);
    expect(idOf(`${name}\x80`)).toBe(Header.other);
    if (name.length > 1) expect(idOf(name.slice(0, -1))).not.toBe(id);
    for (let at = 0; at < name.length; at++) {
      // The characters whose lower five bits are those of another one.
      for (const bit of [0x40, 0x80]) {
        const other = String.fromCharCode(name.charCodeAt(at) ^ bit);
        if (/[\s:]/.test(other)) continue;
        expect(idOf(name.slice(0, at) + other + name.slice(at + 1))).toBe(Header.other);
      }
    }
  });
});
