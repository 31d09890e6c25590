import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Header } from "../../src/sip/header-names.ts";
import { HeaderTable } from "../../src/sip/headers.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scan } from "../../src/sip/scan.ts";
import { crlf } from "../translate/exchange.ts";

const REGISTER = crlf(`REGISTER sip:example.net SIP/2.0
Via: SIP/2.0/UDP 192.168.50.10:5060;branch=z9hG4bK1;rport
From: "A. \\"Bee\\", <x>" <sip:a@example.net>;tag=from
To: <sip:a@example.net>
Call-ID: call@192.168.50.10
CSeq: 7 REGISTER
Contact: <sip:a@192.168.50.10>
Content-Length: 0

`);

/** The message a text is; the test fails when it is none. */
function message(text: string): SipMessage {
  const result = scan(text);
  if (result.kind !== "message") throw new Error(JSON.stringify(result));
  return result.message;
}

/** The reason for which a text is no message. */
function reason(text: string): string {
  const result = scan(text);
  return result.kind === "not-sip" ? result.reason : result.kind;
}

describe("a SIP message", () => {
  it("is read as its dialog, its transaction and its fields", () => {
    expect(message(REGISTER)).toMatchObject({
      kind: "request",
      method: "REGISTER",
      status: 0,
      callId: "call@192.168.50.10",
      cseq: 7,
      fromTag: "from",
      toTag: "",
      branch: "z9hG4bK1",
      start: 0,
      end: REGISTER.length,
      bodyStart: REGISTER.length,
    });
  });

  it("is known by short names, different for different ones, however long its Call-ID, tags and branch are", () => {
    const named = (name: string): SipMessage =>
      message(
        REGISTER.replace("call@192.168.50.10", name)
          .replace("tag=from", `tag=${name}`)
          .replace("example.net>\r\nCall", `example.net>;tag=${name}\r\nCall`)
          .replace("z9hG4bK1", name),
      );
    const [long, same, other] = ["a", "a", "b"].map((end) => named("x".repeat(60_000) + end));
    for (const field of ["callId", "fromTag", "toTag", "branch"] as const) {
      expect(long?.[field].length).toBeLessThan(256);
      expect(long?.[field]).toBe(same?.[field]);
      expect(long?.[field]).not.toBe(other?.[field]);
    }
    expect(named("y".repeat(256)).callId).toBe("y".repeat(256));
  });

  it("has the method of its CSeq when it is a response", () => {
    const response = REGISTER.replace(/^.*\r\n/, "SIP/2.0 200 OK\r\n");
    expect(message(response)).toMatchObject({ kind: "response", status: 200, method: "REGISTER" });
  });

  it("may name its fields in compact form, in any case, with blanks before the colon and in folds", () => {
    const compact = crlf(`OPTIONS sip:example.net SIP/2.0
v : SIP/2.0/UDP
 192.168.50.10
\t;branch=z9hG4bK1
F: sip:a@example.net;TAG=from
t:sip:b@example.net
i: 1
cseq:
 2
 OPTIONS
l: 0

`);
    const read = message(compact);
    expect(read).toMatchObject({ branch: "z9hG4bK1", fromTag: "from", callId: "1", cseq: 2 });
    expect(compact.slice(read.via.hostStart, read.via.hostEnd)).toBe("192.168.50.10");
  });

  it("may end its lines in LF alone and follow empty lines", () => {
    const text = `\r\n\n${REGISTER.replaceAll("\r\n", "\n")}`;
    expect(message(text)).toMatchObject({ start: 3, callId: "call@192.168.50.10" });
  });

  it("ends where Content-Length says, and at the end of the datagram without one (RFC 3261 §18.3)", () => {
    const short = REGISTER.replace("Content-Length: 0", "Content-Length: 2");
    expect(message(`${short}abcdef`)).toMatchObject({ bodyEnd: short.length + 2, end: short.length + 2 });
    const without = REGISTER.replace("Content-Length: 0\r\n", "");
    expect(message(`${without}abcdef`).bodyEnd).toBe(without.length + 6);
  });

  it("may be scanned into a table that is used again", () => {
    const table = new HeaderTable();
    scan(REGISTER, table);
    scan(REGISTER, table);
    expect(table.count).toBe(7);
    expect(table.first(Header.route)).toBe(-1);
    expect(table.first(Header.contact)).toBe(5);
  });
});

describe("a payload that is no SIP message", () => {
  it.each(["", "\r\n\r\n", "\r\n", "\0\0\0\0", "\0"])("is a keep-alive when it is %j", (text) => {
    expect(scan(text)).toEqual({ kind: "keep-alive" });
  });

  it("is a STUN message by its magic cookie", () => {
    expect(reason("\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl")).toBe("stun");
  });

  it.each([
    ["no-start-line", "GET / HTTP/1.1\r\n\r\n"],
    ["no-start-line", REGISTER.slice(0, 20)],
    ["no-start-line", REGISTER.replace("SIP/2.0\r\n", "SIP/3.0\r\n")],
    ["no-start-line", REGISTER.replace(/^.*\r\n/, "SIP/2.0 99 Low\r\n")],
    ["unterminated-headers", REGISTER.slice(0, -2)],
    ["unterminated-headers", REGISTER.slice(0, -40)],
    ["malformed-header", REGISTER.replace("Contact:", "Contact")],
    ["malformed-header", REGISTER.replace("Contact:", ":")],
    ["missing-header", REGISTER.replace("Call-ID:", "Call-IX:")],
    ["repeated-header", REGISTER.replace("Contact:", "i:")],
    ["malformed-via", REGISTER.replace("192.168.50.10:5060;", "192.168.50.10:x;")],
    ["malformed-from", REGISTER.replace('<x>"', "<x>")],
    ["malformed-to", REGISTER.replace("To: <sip:a@example.net>", "To: <sip:a@example.net")],
    ["malformed-call-id", REGISTER.replace("call@192", "call 192")],
    ["malformed-cseq", REGISTER.replace("CSeq: 7", "CSeq: 2147483648")],
    ["cseq-method-mismatch", REGISTER.replace("7 REGISTER", "7 INVITE")],
    ["malformed-content-length", REGISTER.replace("Length: 0", "Length: -1")],
    ["body-shorter-than-content-length", REGISTER.replace("Length: 0", "Length: 1")],
    ["malformed-date", REGISTER.replace("Contact:", "Date: Mon, 23 Nov 2026 09:00:00 CET\r\nContact:")],
  ])("is not touched: %s", (expected, text) => {
    expect(reason(text)).toBe(expected);
  });
});

describe("the scanner", () => {
  it("gives a result for any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(["message", "keep-alive", "not-sip"]).toContain(
          scan(Buffer.from(bytes).toString("latin1")).kind,
        );
      }),
    );
  });

  it("gives a result for a message with any bytes changed, cut out or put in", () => {
    const change = fc.tuple(fc.nat(REGISTER.length), fc.nat(4), fc.string({ maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 4 }), (changes) => {
        let text = REGISTER;
        for (const [at, cut, put] of changes) text = text.slice(0, at) + put + text.slice(at + cut);
        expect(["message", "keep-alive", "not-sip"]).toContain(scan(text).kind);
      }),
    );
  });

  // A scanner that looked at these texts once per line, or once per blank, would need hours for each.
  it.each([
    ["1 MB of folds", REGISTER.replace("Contact:", `X: 1${"\r\n ".repeat(350_000)}\r\nContact:`)],
    ["1 MB of blanks in the To field", REGISTER.replace("To:", `To:${" ".repeat(1_000_000)}`)],
    ["10,000 fields", REGISTER.replace("Contact:", `${"X: 1\r\n".repeat(10_000)}Contact:`)],
    ["10,000 Vias", REGISTER.replace("Via:", `${"Via: SIP/2.0/UDP 192.0.2.1\r\n".repeat(10_000)}Via:`)],
    ["200,000 Vias in one line", REGISTER.replace(";rport", `;rport${",SIP/2.0/UDP a".repeat(200_000)}`)],
    ["1 MB of parameters", REGISTER.replace(";rport", ";a".repeat(500_000))],
    ["500,000 quotes", REGISTER.replace(";rport", `;x=${'"'.repeat(500_000)}`)],
    ["500,000 open angles", REGISTER.replace("<sip:a@192.168.50.10>", "<".repeat(500_000))],
  ])("is linear in %s", (_name, text) => {
    expect(scan(text).kind).toBe("message");
  });
});
