import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { numberToIpv4 } from "../../src/packet/ipv4.ts";
import { type PacketKind, PacketView } from "../../src/packet/packet-view.ts";
import { tcpPacket, udpPacket } from "./packets.ts";

/** Parses `packet` where it lies among other bytes, as in the slab. */
function parse(
  packet: Uint8Array,
  length = packet.length,
): { kind: PacketKind; view: PacketView; slab: Buffer } {
  const slab = Buffer.alloc(100 + packet.length + 50, 0xff);
  slab.set(packet, 100);
  const view = new PacketView();
  return { kind: view.parse(slab, 100, length), view, slab };
}

test("a UDP packet tells its ends and where its payload lies", () => {
  const { kind, view, slab } = parse(
    udpPacket({ source: "192.168.50.2", destination: "240.0.0.1", payload: "REGISTER" }),
  );
  expect(kind).toBe("udp");
  expect([numberToIpv4(view.source), view.sourcePort]).toEqual(["192.168.50.2", 5060]);
  expect([numberToIpv4(view.destination), view.destinationPort]).toEqual(["240.0.0.1", 5061]);
  expect([view.headerLength, view.totalLength, view.ttl, view.protocol]).toEqual([20, 36, 63, 17]);
  expect(slab.toString("latin1", view.payloadOffset, view.payloadOffset + view.payloadLength)).toBe(
    "REGISTER",
  );
});

test("IP options move the payload", () => {
  const { kind, view } = parse(udpPacket({ options: Uint8Array.of(0x94, 4, 0, 0), payload: "x" }));
  expect(kind).toBe("udp");
  expect(view.headerLength).toBe(24);
  expect(view.payloadOffset).toBe(100 + 24 + 8);
});

test("bytes behind the total length are no part of the packet", () => {
  const padded = Buffer.concat([udpPacket({ payload: "x" }), Buffer.alloc(17, 0x55)]);
  const { kind, view } = parse(padded);
  expect(kind).toBe("udp");
  expect([view.totalLength, view.payloadLength]).toEqual([29, 1]);
});

test("bytes behind the UDP length are no part of the payload", () => {
  const { kind, view } = parse(udpPacket({ payload: "abcdef", udpLength: 11 }));
  expect(kind).toBe("udp");
  expect(view.payloadLength).toBe(3);
});

test("a UDP packet may be empty", () => {
  const { kind, view } = parse(udpPacket({}));
  expect(kind).toBe("udp");
  expect(view.payloadLength).toBe(0);
});

test("a TCP packet tells its ends and where its payload lies", () => {
  const { kind, view } = parse(tcpPacket({ payload: "....INVITE", dataOffset: 6 }));
  expect(kind).toBe("tcp");
  expect([view.sourcePort, view.destinationPort]).toEqual([5060, 5061]);
  expect([view.payloadOffset, view.payloadLength]).toEqual([100 + 20 + 24, 6]);
});

test("DF alone is no fragment", () => {
  const { kind, view } = parse(udpPacket({ fragment: 0x4000 }));
  expect(kind).toBe("udp");
  expect(view.dontFragment).toBe(true);
});

describe("packets that cannot be read say why", () => {
  const whole = udpPacket({ payload: "0123456789" });
  test.each<[string, Uint8Array, PacketKind]>([
    ["no byte at all", new Uint8Array(0), "truncated"],
    ["less than an IP header", whole.subarray(0, 19), "truncated"],
    ["less than its total length", whole.subarray(0, whole.length - 1), "truncated"],
    ["version 5", udpPacket({ version: 5 }), "not-ip"],
    ["IPv6", udpPacket({ version: 6 }), "ipv6"],
    ["one byte of IPv6", Uint8Array.of(0x60), "ipv6"],
    ["a header of 16 bytes", udpPacket({ ihl: 4 }), "bad-length"],
    ["no header", udpPacket({ ihl: 0 }), "bad-length"],
    ["a header longer than the packet", udpPacket({ ihl: 15 }), "bad-length"],
    ["total length 0", udpPacket({ totalLength: 0 }), "bad-length"],
    ["total length below its header", udpPacket({ totalLength: 19 }), "bad-length"],
    ["no room for a UDP header", udpPacket({ totalLength: 27 }), "bad-length"],
    ["UDP length 0", udpPacket({ payload: "x", udpLength: 0 }), "bad-length"],
    ["UDP length below its header", udpPacket({ payload: "x", udpLength: 7 }), "bad-length"],
    ["UDP length beyond the packet", udpPacket({ payload: "x", udpLength: 10 }), "bad-length"],
    ["no room for a TCP header", tcpPacket({ totalLength: 39 }), "bad-length"],
    ["a TCP header of 16 bytes", tcpPacket({ dataOffset: 4 }), "bad-length"],
    ["a TCP header beyond the packet", tcpPacket({ dataOffset: 6 }), "bad-length"],
    ["the first fragment", udpPacket({ fragment: 0x2000 }), "fragment"],
    ["a later fragment", udpPacket({ fragment: 0x0001 }), "fragment"],
    ["the last fragment", udpPacket({ fragment: 0x1fff }), "fragment"],
    ["ICMP", udpPacket({ protocol: 1 }), "other-protocol"],
  ])("%s", (_, packet, kind) => {
    expect(parse(packet).kind).toBe(kind);
  });
});

test("no bytes make it throw or point outside of the packet", () => {
  const almost = fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 80 }), fc.constantFrom(0x45, 0x46, 0x4f, 0x60, 0x00))
    .map(([bytes, first]) => Uint8Array.of(first, ...bytes));
  fc.assert(
    fc.property(almost, fc.nat(80), fc.constantFrom(6, 17), (bytes, totalLength, protocol) => {
      bytes[3] = totalLength;
      bytes[2] = bytes[6] = bytes[7] = 0;
      bytes[9] = protocol;
      const { kind, view } = parse(bytes);
      if (kind !== "udp" && kind !== "tcp") return;
      expect(view.totalLength).toBeLessThanOrEqual(bytes.length);
      expect(view.payloadOffset + view.payloadLength).toBeLessThanOrEqual(100 + view.totalLength);
      expect(view.payloadLength).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 5000 },
  );
});

test("one view reads one slab after another", () => {
  const view = new PacketView();
  expect(view.parse(udpPacket({ sourcePort: 1 }), 0, 28)).toBe("udp");
  expect(view.parse(udpPacket({ sourcePort: 2 }), 0, 28)).toBe("udp");
  expect(view.sourcePort).toBe(2);
});
