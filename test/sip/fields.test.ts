import { describe, expect, it } from "vitest";
import { coversBody } from "../../src/sip/digest.ts";
import { expires } from "../../src/sip/expires.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scan } from "../../src/sip/scan.ts";
import { sessionExpires } from "../../src/sip/session-timer.ts";
import { scanVia } from "../../src/sip/via.ts";

/** An INVITE with one more field. */
function invite(field: string): SipMessage {
  const result = scan(
    `INVITE sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@r>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n${field}\r\n\r\n`,
  );
  if (result.kind !== "message") throw new Error(JSON.stringify(result));
  return result.message;
}

describe("Expires and Session-Expires", () => {
  it("are seconds", () => {
    expect(expires(invite("Expires: 3600"))).toBe(3600);
    expect(sessionExpires(invite("x: 1800 ;refresher=uac"))).toBe(1800);
  });

  it("are undefined when absent", () => {
    expect(expires(invite("Y: 1"))).toBeUndefined();
    expect(sessionExpires(invite("Y: 1"))).toBeUndefined();
  });

  it("read a malformed Expires as an hour, and one beyond 2^32-1 as that (RFC 3261 §20.10)", () => {
    expect(expires(invite("Expires: Thu, 01 Dec 1994 16:00:00 GMT"))).toBe(3600);
    expect(expires(invite("Expires:"))).toBe(3600);
    expect(expires(invite("Expires: 99999999999"))).toBe(2 ** 32 - 1);
  });

  it("are undefined where a session interval is too large", () => {
    expect(sessionExpires(invite("Session-Expires: 99999999999"))).toBeUndefined();
  });
});

describe("a digest", () => {
  it.each([
    ['Authorization: Digest username="a", qop=auth-int, nc=1', true],
    ['Proxy-Authorization: Digest realm="x,qop=auth",qop="auth-int"', true],
    ['Authentication-Info: qop=auth-int, rspauth="0"', true],
    ['Authorization: Digest username="qop=auth-int", qop=auth', false],
    ['WWW-Authenticate: Digest qop="auth,auth-int"', false],
    ["Authorization: Digest", false],
    ['Authorization: Digest username="open', false],
  ])("%s covers the body: %s", (field, expected) => {
    expect(coversBody(invite(field))).toBe(expected);
  });
});

describe("a Via", () => {
  it("may have white space around every part (RFC 4475 §3.1.1.1)", () => {
    const text =
      "SIP  / 2.0\r\n / TCP   192.0.2.1 : 5062  ; Branch = z9 ; RPORT ; received\t= [2001:db8::1], next";
    const via = scanVia(text, 0, text.length);
    expect(via).toMatchObject({ transport: "TCP", port: 5062, end: text.indexOf(",") });
    if (via?.received === undefined || via.branch === undefined) throw new Error("no parameters");
    expect(text.slice(via.received.start, via.received.end)).toBe("[2001:db8::1]");
    expect(text.slice(via.branch.start, via.branch.end)).toBe("z9");
    expect(via.rport).toMatchObject({ start: text.indexOf("RPORT") + 5 });
  });

  it.each([
    "",
    "SIP/2.0/UDP",
    "SIP/3.0/UDP a",
    "SIP/2.0 a",
    "HTTP/2.0/UDP a",
    "SIP/2.0/UDP a b",
    "SIP/2.0/UDP a;;b",
    "SIP/2.0/UDP a:70000",
  ])("%j is malformed", (text) => {
    expect(scanVia(text, 0, text.length)).toBeUndefined();
  });
});
