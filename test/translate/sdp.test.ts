import { describe, expect, it } from "vitest";
import type { Mapping } from "../../src/translate/mapping.ts";
import type { Translation } from "../../src/translate/translation.ts";
import { inboundText, outbound, outboundText, portTable } from "./exchange.ts";

const PORTS = { 5060: 5060, 4000: 30000, 4001: 30001, 4002: 30002, 4003: 30003, 7394: 30010 };

/** An INVITE of the phone with this session description, of the right length. */
function invite(sdp: string, fields = "", method = "INVITE", type = "application/sdp"): string {
  const body = sdp.replaceAll("\n", "\r\n");
  return `${method} sip:b@example.net SIP/2.0\r
Via: SIP/2.0/UDP 198.51.100.77\r
From: <sip:a@example.net>;tag=1\r
To: <sip:b@example.net>\r
Call-ID: 1\r
CSeq: 1 ${method}\r
${fields}Content-Type: ${type}\r
Content-Length: ${body.length}\r
\r
${body}`;
}

/** The body of a message, and a check that its Content-Length counts it. */
function bodyOf(text: string): string {
  const at = text.indexOf("\r\n\r\n") + 4;
  expect(text.slice(0, at)).toContain(`Content-Length: ${text.length - at}\r\n`);
  return text.slice(at).replaceAll("\r\n", "\n");
}

/** The session description the outside sees; the way back must give what the phone wrote. */
function seen(sdp: string, table = portTable(PORTS)): string {
  const text = invite(sdp);
  const out = outboundText(text, table);
  expect(inboundText(out, table)).toBe(text);
  return bodyOf(out);
}

/** A mapping that refuses, or leaves, every m= line of one host. */
function mediaAs(answer: ReturnType<Mapping["media"]>, host: string): ReturnType<typeof portTable> {
  const table = portTable(PORTS);
  const media: Mapping["media"] = (line) => (line.host === host ? answer : table.outbound.media(line));
  return { ...table, outbound: { ...table.outbound, media } };
}

describe("the session description of a phone", () => {
  it("moves o=, c=, every m= line and a=rtcp with and without an address", () => {
    expect(
      seen(`v=0
o=a 1 1 IN IP4 192.168.50.10
s=192.168.50.10
c=IN IP4 192.168.50.10
m=audio 4000 RTP/AVP 0
a=rtcp:4001
m=video 4002 RTP/AVP 31
c=IN IP4 192.168.50.10
a=rtcp:4003 IN IP4 192.168.50.10
`),
    ).toBe(`v=0
o=a 1 1 IN IP4 203.0.113.1
s=192.168.50.10
c=IN IP4 203.0.113.1
m=audio 30000 RTP/AVP 0
a=rtcp:30001
m=video 30002 RTP/AVP 31
c=IN IP4 203.0.113.1
a=rtcp:30003 IN IP4 203.0.113.1
`);
  });

  it.each([
    "INVITE sip:b@example.net SIP/2.0",
    "ACK sip:b@example.net SIP/2.0",
    "PRACK sip:b@example.net SIP/2.0",
    "UPDATE sip:b@example.net SIP/2.0",
    "SIP/2.0 183 Session Progress",
    "SIP/2.0 200 OK",
  ])("moves in whatever message offers or answers: %s", (startLine) => {
    const method = startLine.startsWith("SIP") ? "INVITE" : startLine.slice(0, startLine.indexOf(" "));
    const text = invite("v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/AVP 0\n", "", method);
    const out = outboundText(text.replace(/^.*/, startLine), portTable(PORTS));
    expect(bodyOf(out)).toBe("v=0\nc=IN IP4 203.0.113.1\nm=audio 30000 RTP/AVP 0\n");
  });

  it("keeps keys, fingerprints and every attribute that holds no address of its own", () => {
    const attributes = `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:192.168.50.10|2^20|1:4
a=fingerprint:SHA-256 4A:AD:B9:B1
a=tls-id:abc3de65cddef001be82
a=X-nat:192.168.50.10 4000
`;
    expect(seen(`v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 UDP/TLS/RTP/SAVP 0\n${attributes}`)).toBe(
      `v=0\nc=IN IP4 203.0.113.1\nm=audio 30000 UDP/TLS/RTP/SAVP 0\n${attributes}`,
    );
  });

  it("gives the lines of a BUNDLE that share a port the same one", () => {
    const sdp = (host: string, port: number): string =>
      `v=0\nc=IN IP4 ${host}\na=group:BUNDLE 0 1\nm=audio ${port} UDP/TLS/RTP/SAVPF 0\na=mid:0\na=rtcp-mux\nm=video ${port} UDP/TLS/RTP/SAVPF 96\na=mid:1\na=rtcp-mux\n`;
    expect(seen(sdp("192.168.50.10", 4000))).toBe(sdp("203.0.113.1", 30000));
  });

  it("moves its c= and keeps an o= line with a host name or another address", () => {
    for (const host of ["phone.example", "198.51.100.9"]) {
      const sdp = `v=0\no=a 1 2 IN IP4 ${host}\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/AVP 0\n`;
      expect(seen(sdp)).toBe(sdp.replace("192.168.50.10", "203.0.113.1").replace("4000", "30000"));
    }
  });

  it("keeps port 0, port/count, formats, and an a=rtcp that names another host, under any media type", () => {
    expect(
      seen(`v=0
c=IN IP4 192.168.50.10
m=audio 4000/2 RTP/AVP 0 8
a=rtcp:4001 IN IP4 192.0.2.99
m=video 0 RTP/AVP 31
m=text 0 RTP/AVP 98
m=application 4002 UDP/BFCP *
`),
    ).toBe(`v=0
c=IN IP4 203.0.113.1
m=audio 30000/2 RTP/AVP 0 8
a=rtcp:4001 IN IP4 192.0.2.99
m=video 0 RTP/AVP 31
m=text 0 RTP/AVP 98
m=application 30002 UDP/BFCP *
`);
  });

  it("keeps its hold: 0.0.0.0 and :: stay, and so does the port under them", () => {
    const held = "v=0\no=a 1 1 IN IP4 192.168.50.10\nc=IN IP4 0.0.0.0\nm=audio 4000 RTP/AVP 0\na=sendonly\n";
    expect(seen(held)).toBe(held.replace("192.168.50.10", "203.0.113.1"));
    const held6 = "v=0\nc=IN IP6 ::\nm=audio 4000 RTP/AVP 0\n";
    expect(seen(held6)).toBe(held6);
  });

  it("is translated under sendonly and inactive as under sendrecv", () => {
    const sdp = "v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/AVP 0\na=inactive\n";
    expect(seen(sdp)).toBe("v=0\nc=IN IP4 203.0.113.1\nm=audio 30000 RTP/AVP 0\na=inactive\n");
  });

  it("moves a=rtcp to the RTP port when that is what it names, as with rtcp-mux", () => {
    const sdp =
      "v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/SAVPF 0\na=rtcp:4000 IN IP4 192.168.50.10\na=rtcp-mux\n";
    expect(seen(sdp)).toContain("a=rtcp:30000 IN IP4 203.0.113.1\n");
  });

  it("moves a fax line, which has no RTCP", () => {
    const sdp = "v=0\nc=IN IP4 192.168.50.10\nm=image 4000 udptl t38\na=T38FaxVersion:0\n";
    expect(seen(sdp)).toBe("v=0\nc=IN IP4 203.0.113.1\nm=image 30000 udptl t38\na=T38FaxVersion:0\n");
  });

  it("moves the path of MSRP that waits for a connection, and only the host where it opens one", () => {
    const sdp = (setup: string): string =>
      `v=0\nc=IN IP4 192.168.50.10\nm=message 7394 TCP/MSRP *\na=setup:${setup}\na=path:msrp://192.168.50.10:7394/x;tcp\n`;
    expect(seen(sdp("passive"))).toContain(
      "m=message 30010 TCP/MSRP *\na=setup:passive\na=path:msrp://203.0.113.1:30010/x;tcp",
    );
    const active = bodyOf(outboundText(invite(sdp("active")), portTable(PORTS)));
    expect(active).toContain(
      "c=IN IP4 203.0.113.1\nm=message 7394 TCP/MSRP *\na=setup:active\na=path:msrp://203.0.113.1:7394/x;tcp",
    );
  });

  it.each(["", "a=setup:active\n", "a=setup:actpass\n"])(
    "names no port of TCP media with the discard port: %j",
    (setup) => {
      const sdp = `v=0\nc=IN IP4 192.168.50.10\nm=application 9 TCP/BFCP *\n${setup}m=audio 4000 RTP/AVP 0\n`;
      const asked: number[] = [];
      const table = portTable(PORTS);
      const media: Mapping["media"] = (line) => {
        asked.push(line.port);
        return table.outbound.media(line);
      };
      const out = bodyOf(outboundText(invite(sdp), { ...table, outbound: { ...table.outbound, media } }));
      expect(out).toBe(sdp.replace("192.168.50.10", "203.0.113.1").replace("4000", "30000"));
      expect(asked).toEqual([4000]);
    },
  );

  it("stays as it is where it names hosts, the other family, public addresses or leading zeros", () => {
    for (const host of ["IP4 phone.example", "IP6 2001:db8::1", "IP4 198.51.100.9", "IP4 192.168.050.010"]) {
      const sdp = `v=0\no=a 1 1 IN ${host}\nc=IN ${host}\nm=audio 4000 RTP/AVP 0\n`;
      expect(seen(sdp)).toBe(sdp);
    }
  });

  it("keeps its o= line, too, when its media already has a public address", () => {
    const sdp = "v=0\no=a 1 1 IN IP4 192.168.50.10\nc=IN IP4 198.51.100.9\nm=audio 4000 RTP/AVP 0\n";
    expect(seen(sdp)).toBe(sdp);
  });

  it("moves a c= line that no m= line uses, and one whose lines are all rejected", () => {
    expect(seen("v=0\nc=IN IP4 192.168.50.10\n")).toBe("v=0\nc=IN IP4 203.0.113.1\n");
    expect(seen("v=0\nc=IN IP4 192.168.50.10\nm=audio 0 RTP/AVP 0\n")).toContain("203.0.113.1");
  });

  it("reports every m= line, with what it was given", () => {
    const translation = outbound(
      invite("v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/AVP 0\nm=video 0 RTP/AVP 31\n"),
      portTable(PORTS),
    );
    expect(translation).toMatchObject({
      kind: "translated",
      media: [
        { line: { index: 0, port: 4000 }, rewrite: { host: "203.0.113.1", port: 30000, rtcpPort: 30001 } },
        { line: { index: 1, port: 0 }, rewrite: undefined },
      ],
    });
  });

  it("is not translated in part: lines that share a c= line and cannot agree stop the message", () => {
    const table = portTable(PORTS);
    const media: Mapping["media"] = (line) =>
      line.media === "video" ? undefined : table.outbound.media(line);
    const sdp = invite("v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/AVP 0\nm=video 4002 RTP/AVP 31\n");
    expect(outbound(sdp, { ...table, outbound: { ...table.outbound, media } })).toEqual({
      kind: "skipped",
      reason: "conflicting-addresses",
      detail: "c= 192.168.50.10",
    });
  });

  it("of another inside host moves as the mapping allows, and stops the message when it refuses", () => {
    const sdp = "v=0\no=a 1 1 IN IP4 192.168.50.10\nc=IN IP4 192.168.50.20\nm=audio 4000 RTP/AVP 0\n";
    const allowed = mediaAs({ host: "203.0.113.1", port: 31000, rtcpPort: 31001 }, "192.168.50.20");
    expect(bodyOf(outboundText(invite(sdp), allowed))).toBe(
      "v=0\no=a 1 1 IN IP4 203.0.113.1\nc=IN IP4 203.0.113.1\nm=audio 31000 RTP/AVP 0\n",
    );
    const refused = mediaAs({ refused: "media-host-not-allowed" }, "192.168.50.20");
    expect(outbound(invite(sdp), refused)).toEqual({
      kind: "skipped",
      reason: "media-host-not-allowed",
      detail: "m=audio 4000",
    });
  });
});

describe("a body that cannot be edited", () => {
  const sdp = "v=0\nc=IN IP4 192.168.50.10\nm=audio 4000 RTP/AVP 0\n";

  it.each([
    ["auth-int", 'Authorization: Digest username="a",qop=auth-int\r\n'],
    ["identity", "Identity: eyJ.e30.sig;info=<https://example.net/c>;alg=ES256\r\n"],
    ["encoded", "Content-Encoding: gzip\r\n"],
  ])("because of %s leaves the header fields translated, and says so", (bodyLeft, fields) => {
    const text = invite(sdp, `${fields}Contact: <sip:a@192.168.50.10>\r\n`);
    const translation: Translation = outbound(text, portTable(PORTS));
    expect(translation).toMatchObject({ kind: "translated", bodyLeft, edits: [{ place: "contact" }] });
    expect(bodyOf(outboundText(text, portTable(PORTS)))).toBe(sdp);
  });

  it("because it is malformed stops the message before the mapping is asked for a stream", () => {
    const asked: number[] = [];
    const table = portTable(PORTS);
    const media: Mapping["media"] = (line) => {
      asked.push(line.port);
      return table.outbound.media(line);
    };
    const counting = { ...table, outbound: { ...table.outbound, media } };
    expect(outbound(invite(`${sdp}m=broken\n`), counting)).toMatchObject({
      kind: "skipped",
      reason: "malformed-sdp",
    });
    expect(outbound(invite(sdp, "Contact: <sip:a@192.168.50.10\r\n"), counting)).toMatchObject({
      kind: "skipped",
      reason: "malformed-header",
    });
    expect(outbound(invite("x", "", "INVITE", "multipart/mixed;boundary=b"), counting)).toMatchObject({
      kind: "skipped",
      reason: "malformed-multipart",
    });
    expect(asked).toEqual([]);
  });
});

describe("several bodies", () => {
  it("are edited in their parts, and both lengths of a part that has its own are right", () => {
    const part = "v=0\r\nc=IN IP4 192.168.50.10\r\nm=audio 4000 RTP/AVP 0\r\n";
    const multipart = `--b
Content-Type: application/sdp
Content-Length: ${part.length}

${part.replaceAll("\r\n", "\n")}
--b
Content-Type: application/isup;version=itu-t92+

192.168.50.10
--b--
`;
    const out = outboundText(invite(multipart, "", "INVITE", "multipart/mixed;boundary=b"), portTable(PORTS));
    const moved = "v=0\nc=IN IP4 203.0.113.1\nm=audio 30000 RTP/AVP 0\n";
    expect(bodyOf(out)).toContain(`Content-Length: ${part.length - 1}\n\n${moved}\n--b`);
    expect(bodyOf(out)).toContain("\n\n192.168.50.10\n--b--");
  });

  it("inside each other count the edits of the inner length in the outer one", () => {
    const sdp = `v=0\r\nc=IN IP4 192.168.50.10\r\nm=audio 4000 RTP/AVP 0\r\n${"a=x\r\n".repeat(10)}`;
    const inner = `--c\r\nContent-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}\r\n--c--\r\n`;
    const outer = `--b\nContent-Type: multipart/alternative;boundary=c\nContent-Length: ${inner.length}\n\n${inner.replaceAll("\r\n", "\n")}\n--b--\n`;
    const ports = portTable({ 5060: 5060, 4000: 5 });
    const out = bodyOf(outboundText(invite(outer, "", "INVITE", "multipart/mixed;boundary=b"), ports));
    // The SDP shrinks by 2 + 3 characters from 103 to 98, and so its own length by a digit.
    const [, outerLength = "", innerPart = ""] =
      /Content-Length: (\d+)\n\n(--c[\s\S]*--c--\n)\n--b--/.exec(out) ?? [];
    const [, innerLength = "", innerSdp = ""] =
      /Content-Length: (\d+)\n\n(v=0[\s\S]*a=x\n)\n--c--/.exec(innerPart) ?? [];
    expect(Number(innerLength)).toBe(innerSdp.replaceAll("\n", "\r\n").length);
    expect(Number(outerLength)).toBe(innerPart.replaceAll("\n", "\r\n").length);
    expect(innerLength.length).toBeLessThan(String(sdp.length).length);
  });

  it("give every m= line of the message a position of its own, which a BUNDLE in the second names too", () => {
    const sdp = (port: number, line = ""): string =>
      `Content-Type: application/sdp\n\nv=0\nc=IN IP4 192.168.50.10\na=group:BUNDLE 1 2\nm=audio ${port} RTP/AVP 0\na=mid:1\n${line}`;
    const second = sdp(4002, "m=video 4002 RTP/AVP 31\na=mid:2\n");
    const multipart = `--b\n${sdp(4000)}\n--b\n${second}\n--b--\n`;
    const type = "multipart/mixed;boundary=b";
    const translation = outbound(invite(multipart, "", "INVITE", type), portTable(PORTS));
    expect(translation).toMatchObject({
      kind: "translated",
      media: [
        { line: { index: 0, port: 4000, bundledWith: 0 } },
        { line: { index: 1, port: 4002, bundledWith: 1 } },
        { line: { index: 2, port: 4002, bundledWith: 1 } },
      ],
    });
  });

  it("count only to Content-Length: what stands behind it stays", () => {
    const text = invite("v=0\nc=IN IP4 192.168.50.10\n");
    const longer = `${text}c=IN IP4 192.168.50.10\r\n`;
    expect(outboundText(longer, portTable(PORTS))).toBe(
      `${outboundText(text, portTable(PORTS))}c=IN IP4 192.168.50.10\r\n`,
    );
  });

  it("need no Content-Length over UDP, and none is added", () => {
    const text = invite("v=0\nc=IN IP4 192.168.50.10\n").replace(/Content-Length.*\r\n/, "");
    expect(outboundText(text, portTable(PORTS))).toBe(text.replace("192.168.50.10", "203.0.113.1"));
  });
});
