import { createRequire } from "node:module";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanSession } from "../../src/sdp/scan.ts";
import type { MediaDescription, Session } from "../../src/sdp/session.ts";
import { ownCorpus } from "../translate/corpus.ts";

/** What sdp-transform, which ships no types, makes of a text. */
interface Parsed {
  readonly connection?: { readonly ip: string };
  readonly media: readonly {
    readonly port: number;
    readonly candidates?: readonly { readonly port: number }[];
  }[];
}

const { parse } = createRequire(import.meta.url)("sdp-transform") as { parse(text: string): Parsed };

/** The session of a text; the test fails when it is none. */
function session(text: string): Session {
  const result = scanSession(text, 0, text.length);
  if (result.kind === "invalid") throw new Error(`${result.reason} at ${result.at}`);
  return result.session;
}

/** The one m= line of a session with these lines under it. */
function line(...lines: readonly string[]): MediaDescription {
  const [media] = session(["v=0", "c=IN IP4 192.0.2.1", ...lines, ""].join("\r\n")).media;
  if (media === undefined) throw new Error("no m= line");
  return media;
}

describe("a session description", () => {
  it("gives each m= line the c= line in force, its own or the session's", () => {
    const { media, origin, connection } = session(
      "v=0\r\no=- 1 1 IN IP4 host.example\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 31\r\nc=IN IP6 2001:db8::1\r\n",
    );
    expect(origin?.host).toBe("host.example");
    expect(media.map(({ host }) => host)).toEqual(["192.0.2.1", "2001:db8::1"]);
    expect(media[0]?.connection).toBe(connection);
    expect(media[1]?.connection?.family).toBe("IP6");
  });

  it("may end its lines in LF alone, and its last line in nothing", () => {
    expect(session("v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0").media[0]).toMatchObject({ port: 4000 });
  });

  it("keeps the address of a multicast c= line apart from its TTL", () => {
    expect(session("v=0\r\nc=IN IP4 233.252.0.1/127/3\r\n").connection).toMatchObject({
      host: "233.252.0.1",
    });
  });

  it("reads the address of an o= line with blanks in its user name", () => {
    expect(session("v=0\r\no=My Phone 1 1 IN IP4 192.0.2.1\r\n").origin).toMatchObject({ host: "192.0.2.1" });
    expect(session("v=0\r\no=broken\r\n").origin).toBeUndefined();
  });

  it.each([
    ["malformed-line", "v=0\r\nTest\r\n"],
    ["malformed-connection", "v=0\r\nc=IN IP7 192.0.2.1\r\n"],
    ["malformed-media", "v=0\r\nm=audio 70000 RTP/AVP 0\r\n"],
    ["malformed-media", "v=0\r\nm=audio 4000\r\n"],
    ["malformed-rtcp", "v=0\r\nm=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\n"],
    [
      "malformed-candidate",
      "v=0\r\nm=audio 4000 RTP/AVP 0\r\na=candidate:1 1 UDP 1 192.0.2.1 x typ host\r\n",
    ],
  ])("is not touched: %s in %j", (reason, text) => {
    expect(scanSession(text, 0, text.length)).toMatchObject({ kind: "invalid", reason });
  });

  it("gives a result for any text", () => {
    const word = fc.constantFrom(
      "v=0",
      "c=IN IP4 ",
      "m=audio 1 RTP/AVP 0",
      "a=rtcp:1",
      "a=candidate:",
      "a=path:msrp://",
      "\r\n",
      "\n",
      " ",
      "a=group:BUNDLE x",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string())), (words) => {
        const text = words.join("");
        expect(["session", "invalid"]).toContain(scanSession(text, 0, text.length).kind);
      }),
    );
  });

  // What looked at these texts once per line would need hours for each.
  it.each([
    ["200,000 lines", `v=0\r\n${"a=x\r\n".repeat(200_000)}`],
    ["40,000 m= lines with a c= line each", "m=a 1 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n".repeat(40_000)],
    ["a path of 100,000 URIs", `m=message 1 TCP/MSRP *\r\na=path:${"msrp://a:1/x ".repeat(100_000)}\r\n`],
    ["1 MB without a line end", `a=${"x".repeat(1_000_000)}`],
  ])("is read in linear time: %s", (_name, text) => {
    expect(scanSession(text, 0, text.length).kind).toBe("session");
  });

  it("agrees with sdp-transform on every port and address of its own samples", () => {
    let compared = 0;
    for (const { file, kind, text } of ownCorpus()) {
      if (!file.startsWith("sdp-transform/") || kind === "sdp-invalid") continue;
      const result = scanSession(text, 0, text.length);
      const expected = parse(text);
      if (result.kind === "invalid") throw new Error(`${file}: ${result.reason}`);
      expect(result.session.connection?.host, file).toBe(expected.connection?.ip.replace(/\/.*/, ""));
      expect(
        result.session.media.map(({ port }) => port),
        file,
      ).toEqual(expected.media.map(({ port }) => port));
      expect(
        result.session.media.map(({ candidates }) => candidates.map(({ port }) => port)),
        file,
      ).toEqual(expected.media.map(({ candidates }) => candidates?.map(({ port }) => port) ?? []));
      compared += expected.media.length;
    }
    expect(compared).toBeGreaterThan(20);
  });
});

describe("an m= line", () => {
  it("has RTCP at the next port, at a=rtcp, at its own port, or nowhere", () => {
    expect(line("m=audio 4000 RTP/AVP 0").rtcp).toEqual({ kind: "next" });
    expect(line("m=audio 4000 RTP/AVP 0", "a=rtcp:5001").rtcp).toEqual({
      kind: "explicit",
      host: undefined,
      port: 5001,
    });
    expect(line("m=audio 4000 RTP/AVP 0", "a=rtcp:5001 IN IP4 192.0.2.2").rtcp).toEqual({
      kind: "explicit",
      host: "192.0.2.2",
      port: 5001,
    });
    expect(line("m=audio 4000 UDP/TLS/RTP/SAVPF 0", "a=rtcp-mux").rtcp).toEqual({ kind: "mux" });
    expect(line("m=image 4000 udptl t38").rtcp).toEqual({ kind: "none" });
    expect(line("m=audio 4000 RTP/AVP 0", "a=rtcp-fb:* nack", "a=rtcp-muxed").rtcp).toEqual({ kind: "next" });
  });

  it.each([
    ["m=audio 49170/2 RTP/AVP 0", { port: 49170, count: 2, transport: "udp" }],
    ["m=audio 0 RTP/AVP 0", { port: 0, count: 1 }],
    ["m=AUDIO 4000 RTP/AVP 0", { media: "audio" }],
    ["m=message 7394 TCP/MSRP *", { transport: "tcp", rtcp: { kind: "none" } }],
    ["m=application 5000 TCP/TLS/BFCP *", { transport: "tcp" }],
    ["m=audio 5000 TCP/RTP/AVP 0", { transport: "tcp", rtcp: { kind: "next" } }],
    ["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", { transport: "udp", rtcp: { kind: "none" } }],
  ])("%s", (text, expected) => {
    expect(line(text)).toMatchObject(expected);
  });

  it("is held by c=0.0.0.0 and c=:: (RFC 3264 §8.4), not by its direction", () => {
    expect(line("m=audio 4000 RTP/AVP 0", "c=IN IP4 0.0.0.0").held).toBe(true);
    expect(line("m=audio 4000 RTP/AVP 0", "c=IN IP6 ::").held).toBe(true);
    expect(line("m=audio 4000 RTP/AVP 0", "a=inactive").held).toBe(false);
  });

  it("names an IPv6 host in one form, whichever it is written in (RFC 5952)", () => {
    for (const written of ["2001:DB8:0:0::A", "2001:db8::a", "[2001:db8::a]"]) {
      expect(line("m=audio 4000 RTP/AVP 0", `c=IN IP6 ${written}`).host).toBe("2001:db8::a");
    }
    expect(line("m=audio 4000 RTP/AVP 0", "c=IN IP6 fe80::1%eth0").host).toBe("fe80::1%eth0");
  });

  it("knows who opens its TCP connection (RFC 4145 §4)", () => {
    expect(line("m=message 9 TCP/MSRP *", "a=setup:active").setup).toBe("active");
    expect(line("m=message 9 TCP/MSRP *", "a=setup:other").setup).toBeUndefined();
  });

  it("shares the port of the first line of its BUNDLE group, once the ports are the same (RFC 9143 §7.2)", () => {
    const bundle = (ports: readonly number[]): readonly number[] =>
      session(
        `v=0\r\nc=IN IP4 192.0.2.1\r\na=group:BUNDLE 0 1\r\n${ports.map((port, index) => `m=audio ${port} RTP/AVP 0\r\na=mid:${index}\r\n`).join("")}`,
      ).media.map(({ bundledWith }) => bundledWith);
    expect(bundle([4000, 4000, 4000])).toEqual([0, 0, 2]);
    expect(bundle([4000, 4002])).toEqual([0, 1]);
    expect(bundle([4000, 0])).toEqual([0, 1]);
  });

  it("is an ICE stream by its candidates or its ice-ufrag, at either level", () => {
    const candidate = "a=candidate:1 1 UDP 2130706431 192.0.2.1 4000 typ host";
    expect(line("m=audio 4000 RTP/AVP 0", candidate)).toMatchObject({
      ice: true,
      candidates: [{ component: 1, transport: "udp", host: "192.0.2.1", port: 4000, type: "host" }],
    });
    const candidate6 = "a=candidate:1 1 UDP 2130706431 2001:DB8:0:0:0:0:0:1 4000 typ host";
    expect(line("m=audio 4000 RTP/AVP 0", candidate6).candidates).toMatchObject([{ host: "2001:db8::1" }]);
    expect(line("m=audio 4000 RTP/AVP 0", "a=ice-ufrag:x").ice).toBe(true);
    expect(line("a=ice-ufrag:x", "m=audio 4000 RTP/AVP 0").ice).toBe(true);
    expect(line("m=audio 4000 RTP/AVP 0").ice).toBe(false);
  });

  it("lists the addresses of a=path and a=remote-candidates", () => {
    expect(
      line(
        "m=message 7394 TCP/MSRP *",
        "a=path:msrp://relay.example:1/a;tcp msrps://b@[2001:DB8:0::1]:2/c;tcp bad",
      ).addresses,
    ).toMatchObject([
      { attribute: "path", host: "relay.example", port: 1 },
      { attribute: "path", host: "2001:db8::1", port: 2 },
    ]);
    expect(
      line("m=audio 4000 RTP/AVP 0", "a=remote-candidates:1 192.0.2.3 45664 2 192.0.2.3 45665").addresses,
    ).toMatchObject([
      { attribute: "remote-candidates", host: "192.0.2.3", port: 45664 },
      { attribute: "remote-candidates", host: "192.0.2.3", port: 45665 },
    ]);
  });
});
