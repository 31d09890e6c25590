import { describe, expect, it } from "vitest";
import { inboundText, outbound, outboundText, portTable } from "./exchange.ts";

const PORTS = { 5060: 5060, 4000: 30000, 4001: 30001, 4010: 30010 };

/** A message of the phone with this body. */
function message(type: string, method: string, ...lines: readonly string[]): string {
  const body = lines.map((line) => `${line}\r\n`).join("");
  return `${method} sip:b SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 ${method}\r\nContent-Type: ${type}\r\n\r\n${body}`;
}

/** An offer with candidates under a line at 192.168.50.10:4000. */
function offer(...lines: readonly string[]): string {
  return message(
    "application/sdp",
    "INVITE",
    "v=0",
    "o=a 1 1 IN IP4 192.168.50.10",
    "c=IN IP4 192.168.50.10",
    "m=audio 4000 RTP/AVP 0",
    ...lines,
  );
}

const HOST = "a=candidate:1 1 UDP 2130706431 192.168.50.10 4000 typ host";
const HOST_RTCP = "a=candidate:1 2 UDP 2130706430 192.168.50.10 4001 typ host";

describe("an ICE offer", () => {
  it("moves the candidates of c= and m= with them, so that no ice-mismatch can be seen", () => {
    const text = offer(HOST, HOST_RTCP, "a=candidate:2 1 UDP 1 10.8.0.2 4000 typ host");
    const out = outboundText(text, portTable(PORTS));
    expect(out).toContain("c=IN IP4 203.0.113.1\r\nm=audio 30000 ");
    expect(out).toContain("a=candidate:1 1 UDP 2130706431 203.0.113.1 30000 typ host\r\n");
    expect(out).toContain("a=candidate:1 2 UDP 2130706430 203.0.113.1 30001 typ host\r\n");
    expect(out).toContain("10.8.0.2 4000 typ host");
    expect(inboundText(out, portTable(PORTS))).toBe(text);
  });

  it("keeps the candidates whose port is not the stream's: TCP, and other sockets of the phone", () => {
    const out = outboundText(
      offer(
        HOST,
        "a=candidate:3 1 TCP 1 192.168.50.10 9 typ host tcptype active",
        "a=candidate:4 1 UDP 1 192.168.50.10 4444 typ host",
      ),
      portTable(PORTS),
    );
    expect(out).toContain("192.168.50.10 9 typ host tcptype active");
    expect(out).toContain("192.168.50.10 4444 typ host");
  });

  it.each([
    [
      "a server reflexive candidate",
      "a=candidate:5 1 UDP 1 198.51.100.9 4000 typ srflx raddr 192.168.50.10 rport 4000",
    ],
    ["a relayed candidate", "a=candidate:6 1 UDP 1 198.51.100.20 50000 typ relay raddr 0.0.0.0 rport 0"],
    ["our own external address as a host candidate", "a=candidate:7 1 UDP 1 203.0.113.1 4000 typ host"],
  ])(
    "that already knows its public address by %s is left alone, and its media reported",
    (_name, candidate) => {
      const text = offer(HOST, candidate);
      expect(outbound(text, portTable(PORTS))).toMatchObject({
        kind: "translated",
        bodyLeft: "ice",
        edits: [],
        media: [{ line: { port: 4000, ice: true }, rewrite: undefined }],
      });
    },
  );

  it("with a public address of the other family is translated", () => {
    const out = outboundText(
      offer(HOST, "a=candidate:8 1 UDP 1 2001:db8::5 4000 typ srflx raddr :: rport 0"),
      portTable(PORTS),
    );
    expect(out).toContain("m=audio 30000 ");
  });
});

describe("trickled candidates", () => {
  const FRAGMENT = ["a=ice-ufrag:x", "m=audio 9 RTP/AVP 0", "a=mid:0", HOST.replace("4000", "4010")];

  it("in an INFO are given the stream's port, without c= and o=", () => {
    const text = message("application/trickle-ice-sdpfrag", "INFO", ...FRAGMENT);
    const out = outboundText(text, portTable(PORTS));
    expect(out).toBe(text.replace("192.168.50.10 4010", "203.0.113.1 30010"));
    expect(inboundText(out, portTable(PORTS))).toBe(text);
  });

  it("under c=0.0.0.0 and port 9 leave those as they are", () => {
    const text = message("application/sdp", "INVITE", "v=0", "c=IN IP4 0.0.0.0", ...FRAGMENT);
    const out = outboundText(text, portTable(PORTS));
    expect(out).toBe(text.replace("192.168.50.10 4010", "203.0.113.1 30010"));
  });
});

describe("a=remote-candidates from outside", () => {
  it("names our candidate as the phone wrote it", () => {
    const text = message(
      "application/sdp",
      "INVITE",
      "v=0",
      "c=IN IP4 198.51.100.9",
      "m=audio 6000 RTP/AVP 0",
      "a=remote-candidates:1 203.0.113.1 30000 2 203.0.113.1 30001",
    );
    const table = portTable(PORTS);
    const candidate = (_host: string, port: number): { host: string; port: number } => ({
      host: "192.168.50.10",
      port: port - 26000,
    });
    const media = (): undefined => undefined;
    expect(inboundText(text, { ...table, inbound: { ...table.inbound, media, candidate } })).toBe(
      text.replace("203.0.113.1 30000 2 203.0.113.1 30001", "192.168.50.10 4000 2 192.168.50.10 4001"),
    );
    expect(inboundText(text, { ...table, inbound: { ...table.inbound, media } })).toBe(text);
  });
});
