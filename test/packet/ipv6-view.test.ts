import fc from "fast-check";
import { expect, test } from "vitest";
import { checksumOf, sumWords } from "../../src/packet/checksum.ts";
import { parseIpv6 } from "../../src/packet/ipv6.ts";
import { type Ipv6Kind, Ipv6View } from "../../src/packet/ipv6-view.ts";
import { readSegment } from "../../src/packet/tcp-segment.ts";
import { writeTcpPacket } from "../../src/packet/write-tcp.ts";
import { writeUdpPacket } from "../../src/packet/write-udp.ts";
import { whole } from "./packets.ts";

const UDP = 17;
const TCP = 6;
const HOP_BY_HOP = 0;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;

/** An extension header without the type of the one behind it. */
interface Extension {
  readonly type: number;
  readonly rest: readonly number[];
}

const PADDING: Extension = { type: DESTINATION_OPTIONS, rest: [0, 1, 4, 0, 0, 0, 0] };

/** An IPv6 packet with these extension headers before its UDP header or, with another protocol, before `payload`. */
function packet(extensions: readonly Extension[], payload: string, protocol = UDP): Buffer {
  const types = [...extensions.map(({ type }) => type), protocol];
  const headers = extensions.map(({ rest }, index) => Buffer.from([types[index + 1] ?? 0, ...rest]));
  const udp = Buffer.alloc(protocol === UDP ? 8 : 0);
  if (protocol === UDP) {
    udp.writeUInt16BE(5060, 0);
    udp.writeUInt16BE(5061, 2);
    udp.writeUInt16BE(8 + payload.length, 4);
  }
  const body = Buffer.concat([...headers, udp, Buffer.from(payload, "latin1")]);
  const fixed = Buffer.alloc(40);
  fixed[0] = 0x60;
  fixed.writeUInt16BE(body.length, 4);
  fixed[6] = types[0] ?? 0;
  fixed.set(parseIpv6("2001:db8:50::a") ?? [], 8);
  fixed.set(parseIpv6("2001:db8:113::2") ?? [], 24);
  return Buffer.concat([fixed, body]);
}

/** What a receiver makes of a transport header at `at`: 0 when its checksum is right (RFC 8200 §8.1). */
function transportSum(bytes: Buffer, at: number, protocol: number): number {
  const pseudo = Buffer.alloc(8);
  pseudo.writeUInt32BE(bytes.length - at);
  pseudo.writeUInt8(protocol, 7);
  const whole = Buffer.concat([bytes.subarray(8, 40), pseudo, bytes.subarray(at)]);
  return checksumOf(sumWords(new DataView(whole.buffer, whole.byteOffset, whole.length), 0, whole.length));
}

/** Parses a packet where it lies among other bytes, as in the slab. */
function parse(bytes: Buffer, length = bytes.length): { kind: Ipv6Kind; view: Ipv6View; slab: Buffer } {
  const slab = Buffer.alloc(100 + bytes.length + 50, 0xff);
  slab.set(bytes, 100);
  const view = new Ipv6View();
  return { kind: view.parse(slab, 100, length), view, slab };
}

test.each<[string, readonly Extension[]]>([
  ["without extension headers", []],
  ["behind hop-by-hop and destination options", [{ ...PADDING, type: HOP_BY_HOP }, PADDING]],
  ["behind an authentication header", [{ type: AUTHENTICATION, rest: [4, 0, 0, ...new Array(20).fill(1)] }]],
  ["behind the fragment header of a whole packet", [{ type: FRAGMENT, rest: [0, 0, 0, 1, 2, 3, 4] }]],
])("a UDP packet %s tells its ends and where its payload lies", (_, extensions) => {
  const { kind, view, slab } = parse(packet(extensions, "REGISTER"));
  expect(kind).toBe("udp");
  expect([view.source, view.sourcePort]).toEqual(["2001:db8:50::a", 5060]);
  expect([view.destination, view.destinationPort]).toEqual(["2001:db8:113::2", 5061]);
  const { payloadOffset, payloadLength } = view;
  expect(slab.toString("latin1", payloadOffset, payloadOffset + payloadLength)).toBe("REGISTER");
});

test("a TCP packet tells its ends and where its payload lies, behind the options of either header", () => {
  const header = Buffer.from([
    0x13,
    0xc4,
    0x13,
    0xc5,
    ...new Array(8).fill(0),
    0x60,
    ...new Array(11).fill(1),
  ]);
  const { kind, view, slab } = parse(packet([PADDING], `${header.toString("latin1")}REGISTER`, TCP));
  expect(kind).toBe("tcp");
  expect([view.source, view.sourcePort]).toEqual(["2001:db8:50::a", 5060]);
  expect([view.destination, view.destinationPort]).toEqual(["2001:db8:113::2", 5061]);
  const { payloadOffset, payloadLength } = view;
  expect(slab.toString("latin1", payloadOffset, payloadOffset + payloadLength)).toBe("REGISTER");
  expect(payloadOffset - view.transportOffset).toBe(24);
});

test.each<[Ipv6Kind, string, Buffer]>([
  ["fragment", "a first fragment", packet([{ type: FRAGMENT, rest: [0, 0, 1, 1, 2, 3, 4] }], "x")],
  ["fragment", "a last fragment", packet([{ type: FRAGMENT, rest: [0, 5, 0xa8, 1, 2, 3, 4] }], "x")],
  ["bad-length", "a TCP header without its end", packet([PADDING], "\0".repeat(12) + "\xf0".repeat(8), TCP)],
  ["other-protocol", "an ICMPv6 packet", packet([], "01234567", 58)],
  ["other-protocol", "a packet that ends with its headers (RFC 8200 §4.7)", packet([PADDING], "", 59)],
  [
    "bad-length",
    "an extension header that is longer than the packet",
    packet([PADDING], "", UDP).subarray(0, 48),
  ],
  ["bad-length", "more extension headers than there are", packet(new Array(9).fill(PADDING), "x")],
])("%s: %s", (expected, _, bytes) => {
  bytes.writeUInt16BE(bytes.length - 40, 4);
  expect(parse(bytes).kind).toBe(expected);
});

test("a UDP packet is written anew behind its extension headers, with lengths and a checksum that hold", () => {
  for (const text of ["", "odd", "a longer text than the one before"]) {
    const bytes = packet([PADDING], "REGISTER");
    const view = new Ipv6View();
    view.parse(bytes, 0, bytes.length);
    const output = Buffer.alloc(200);
    const length = writeUdpPacket(view, bytes, whole(view, text), output, 7, 1500);
    expect(length).toBe(56 + text.length);
    const written = Buffer.from(output.subarray(7, 7 + length));
    expect(transportSum(written, 48, UDP)).toBe(0);
    expect(written.subarray(0, 4)).toEqual(bytes.subarray(0, 4));
    expect(written.subarray(6, 52)).toEqual(bytes.subarray(6, 52));
    const { kind, view: read, slab } = parse(written);
    expect(kind).toBe("udp");
    expect(slab.toString("latin1", read.payloadOffset, read.payloadOffset + read.payloadLength)).toBe(text);
  }
});

test("a TCP segment is written anew with a checksum that holds", () => {
  const header = Buffer.from([...new Array(12).fill(0), 0x50, 0x18, ...new Array(6).fill(0)]).toString(
    "latin1",
  );
  const bytes = packet([], `${header}before`, TCP);
  const view = new Ipv6View();
  view.parse(bytes, 0, bytes.length);
  const output = Buffer.alloc(200);
  const change = { sequence: 7, acknowledgement: 9, text: "after that", isCut: false, options: {} };
  const length = writeTcpPacket(view, bytes, change, output, 0, 1500);
  const written = Buffer.from(output.subarray(0, length));
  expect(transportSum(written, 40, TCP)).toBe(0);
  const { view: read, slab } = parse(written);
  expect(readSegment(read, slab)).toMatchObject({ sequence: 7, acknowledged: 9 });
  expect(written.toString("latin1", 60)).toBe("after that");
});

test("a packet may not outgrow the MTU, which no router can help, but it may be what it was in fragments", () => {
  const write = (before: number, after: number): number => {
    const bytes = packet([], "x".repeat(before));
    const view = new Ipv6View();
    view.parse(bytes, 0, bytes.length);
    return writeUdpPacket(view, bytes, whole(view, "y".repeat(after)), Buffer.alloc(4000), 0, 1500);
  };
  expect(write(1400, 1452)).toBe(1500);
  expect(write(1400, 1453)).toBe(0);
  expect(write(1453, 1460)).toBe(1508);
});

test("no bytes are read behind the end of a packet, and none make it fail", () => {
  const headers = fc.subarray([HOP_BY_HOP, FRAGMENT, AUTHENTICATION, DESTINATION_OPTIONS, UDP, 6, 43, 135]);
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 120 }),
      headers,
      fc.nat(119),
      (noise, types, cut) => {
        const bytes = Buffer.from(noise);
        bytes[0] = 0x60;
        if (bytes.length > 6) bytes[6] = types[0] ?? UDP;
        if (bytes.length > 40) bytes[40] = types[1] ?? UDP;
        if (bytes.length > 5) bytes.writeUInt16BE(Math.max(0, bytes.length - 40), 4);
        const length = Math.min(bytes.length, cut + 1);
        const { kind, view } = parse(bytes, length);
        if (kind === "udp") expect(view.payloadOffset + view.payloadLength).toBeLessThanOrEqual(100 + length);
      },
    ),
    { numRuns: 2000 },
  );
});
