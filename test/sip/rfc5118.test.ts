import { describe, expect, it } from "vitest";
import type { SipMessage } from "../../src/sip/message.ts";
import { scanNameAddress } from "../../src/sip/name-address.ts";
import { scan } from "../../src/sip/scan.ts";
import type { Span } from "../../src/sip/span.ts";
import { scanUri } from "../../src/sip/uri.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { sample } from "../translate/corpus.ts";
import { applied, flowOf, identityMapping, OUTSIDE, shiftMapping } from "../translate/properties.ts";

/** One message of RFC 5118 §4 by the name of its file there. */
function read(name: string): SipMessage {
  const result = scan(sample(`rfc5118/${name}.sip`));
  if (result.kind !== "message") throw new Error(`${name}: ${JSON.stringify(result)}`);
  return result.message;
}

function hostAndPort(text: string, start: number, end: number): { host: string; port: number | undefined } {
  const uri = scanUri(text, start, end);
  if (uri?.kind !== "sip") throw new Error(`no SIP URI: ${text.slice(start, end)}`);
  return { host: text.slice(uri.hostStart, uri.hostEnd), port: uri.port };
}

function requestUri({ text, requestUri: { start, end } }: SipMessage): ReturnType<typeof hostAndPort> {
  return hostAndPort(text, start, end);
}

function sentBy({ text, via }: SipMessage): ReturnType<typeof hostAndPort> {
  return { host: text.slice(via.hostStart, via.hostEnd), port: via.port };
}

function written(text: string, span: Span | undefined): string | undefined {
  return span === undefined ? undefined : text.slice(span.start, span.end);
}

describe("RFC 5118", () => {
  it("§4.1 an IPv6 reference stands in the Request-URI, Via and Contact (ipv6-good)", () => {
    const message = read("ipv6-good");
    const { text } = message;
    expect(requestUri(message)).toEqual({ host: "[2001:db8::10]", port: undefined });
    expect(sentBy(message)).toEqual({ host: "[2001:db8::9:1]", port: undefined });
    const contact = scanNameAddress(text, text.indexOf('"Caller"'), text.indexOf("\r\nCSeq"));
    if (contact === undefined) throw new Error("no Contact");
    expect(hostAndPort(text, contact.uriStart, contact.uriEnd).host).toBe("[2001:db8::1]");
  });

  it("§4.2 an IPv6 address without brackets makes no Request-URI, and the message passes unmodified (ipv6-bad)", () => {
    expect(scan(sample("rfc5118/ipv6-bad.sip"))).toMatchObject({ kind: "not-sip", reason: "no-start-line" });
  });

  it("§4.3 what stands inside the brackets is the address, to the last colon (port-ambiguous)", () => {
    expect(requestUri(read("port-ambiguous"))).toEqual({ host: "[2001:db8::10:5070]", port: undefined });
  });

  it("§4.4 what stands behind the brackets is the port (port-unambiguous)", () => {
    expect(requestUri(read("port-unambiguous"))).toEqual({ host: "[2001:db8::10]", port: 5070 });
  });

  it.each([
    ["via-received-param-with-delim", "[2001:db8::9:255]"],
    ["via-received-param-no-delim", "2001:db8::9:255"],
  ])("§4.5 received is read with and without brackets (%s)", (name, received) => {
    const { text, via } = read(name);
    expect(written(text, via.received)).toBe(received);
    expect(written(text, via.branch)).toMatch(/^z9hG4bKas3/);
  });

  it.each(["ipv6-in-sdp", "ipv4-mapped-ipv6"])(
    "§4.6, §4.9 the addresses of an SDP stand without brackets, and its lines are reported (%s)",
    (name) => {
      const message = read(name);
      const host = name === "ipv6-in-sdp" ? "2001:db8::20" : "::ffff:192.0.2.2";
      const flow = { ...flowOf(host), outside: { host, port: 5060 } };
      expect(translateOutbound(message, flow, identityMapping(host))).toMatchObject({
        kind: "translated",
        edits: [],
        media: [{ line: { host, port: 6000 } }, { line: { host, port: 6024 } }],
      });
    },
  );

  it("§4.7 the topmost Via counts, whatever family those below it are of (mult-ip-in-header)", () => {
    const message = read("mult-ip-in-header");
    expect(sentBy(message)).toEqual({ host: "[2001:db8::9:1]", port: 6050 });
    expect(message.via.received).toBeUndefined();
    const translation = translateOutbound(message, flowOf("192.0.2.1"), shiftMapping("192.0.2.1", OUTSIDE));
    expect(translation).toMatchObject({ kind: "translated", edits: [] });
  });

  it("§4.8 each m= line has the address of its own c=, and only ours is moved (mult-ip-in-sdp)", () => {
    const message = read("mult-ip-in-sdp");
    const translation = translateOutbound(message, flowOf("192.0.2.1"), shiftMapping("192.0.2.1", OUTSIDE));
    expect(applied(message.text, translation)).toBe(
      message.text
        .replace(
          "m=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1",
          `m=audio 55102 RTP/AVP 0\r\nc=IN IP4 ${OUTSIDE}`,
        )
        .replace("Content-Length: 189", `Content-Length: ${189 + OUTSIDE.length - "192.0.2.1".length}`),
    );
  });

  it("§4.9 an IPv4-mapped IPv6 address is an IPv6 reference, and no literal of the IPv4 host (ipv4-mapped-ipv6)", () => {
    const message = read("ipv4-mapped-ipv6");
    expect(sentBy(message)).toEqual({ host: "[::ffff:192.0.2.10]", port: 19823 });
    for (const inside of ["192.0.2.10", "192.0.2.2"]) {
      const translation = translateOutbound(message, flowOf(inside), shiftMapping(inside, OUTSIDE));
      expect(translation).toMatchObject({ kind: "translated", edits: [] });
    }
  });

  it.each([
    ["ipv6-bug-abnf-3-colons", "[2001:db8:::192.0.2.1]"],
    ["ipv6-correct-abnf-2-colons", "[2001:db8::192.0.2.1]"],
  ])("§4.10 both forms of an IPv4 part are borne with (%s)", (name, host) => {
    expect(requestUri(read(name))).toEqual({ host, port: undefined });
  });
});
