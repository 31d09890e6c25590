import { describe, expect, it } from "vitest";
import { scan } from "../../src/sip/scan.ts";

/** A request with one Request-URI, Via and Contact, as all messages of RFC 5118 are. */
function request(uri: string, via = "[2001:db8::9:1]", contact = "<sip:caller@[2001:db8::1]>"): string {
  return `REGISTER ${uri} SIP/2.0\r
To: sip:user@example.com\r
From: sip:user@example.com;tag=81x2\r
Via: SIP/2.0/UDP ${via};branch=z9hG4bKas3-111\r
Call-ID: SSG9559905523997077@hlau_4100\r
Max-Forwards: 70\r
Contact: ${contact}\r
CSeq: 98176 REGISTER\r
Content-Length: 0\r
\r
`;
}

describe("RFC 5118", () => {
  it.each([
    ["§4.1 an IPv6 reference", request("sip:[2001:db8::10]")],
    ["§4.3 a port that is part of the address", request("sip:[2001:db8::10:5070]")],
    ["§4.4 a port behind the reference", request("sip:[2001:db8::10]:5070")],
    [
      "§4.5 received with brackets",
      request("sip:[2001:db8::10]", "[2001:db8::9:1];received=[2001:db8::9:255]"),
    ],
    [
      "§4.5 received without brackets",
      request("sip:[2001:db8::10]", "[2001:db8::9:1];received=2001:db8::9:255"),
    ],
    [
      "§4.7 addresses of both families",
      request("sip:[2001:db8::10]", "192.0.2.1", "<sip:caller@[2001:db8::1]>, <sip:caller@192.0.2.1>"),
    ],
    ["§4.9 an IPv4-mapped address", request("sip:[::ffff:192.0.2.10]")],
    ["§4.10 three colons before an IPv4 part", request("sip:[2001:db8:::192.0.2.1]")],
    ["§4.10 two colons before an IPv4 part", request("sip:[2001:db8::192.0.2.1]")],
  ])("%s is a message", (_section, text) => {
    expect(scan(text).kind).toBe("message");
  });

  it("§4.2 an IPv6 address without brackets is not touched", () => {
    expect(scan(request("sip:2001:db8::10"))).toMatchObject({ kind: "not-sip", reason: "no-start-line" });
  });

  it("§4.5 received is read whether or not it has brackets", () => {
    for (const received of ["[2001:db8::9:255]", "2001:db8::9:255"]) {
      const text = request("sip:[2001:db8::10]", `[2001:db8::9:1]:5061;received=${received}`);
      const result = scan(text);
      if (result.kind !== "message" || result.message.via.received === undefined)
        throw new Error("no received");
      expect(text.slice(result.message.via.received.start, result.message.via.received.end)).toBe(received);
      expect(result.message.via.port).toBe(5061);
    }
  });
});
