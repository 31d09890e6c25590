import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PacketView } from "../../src/packet/packet-view.ts";
import { type Replacement, writeUdpPacket } from "../../src/packet/write-udp.ts";
import { type PacketFields, udpPacket, whole } from "./packets.ts";

const MTU = 1500;

/** The one's complement sum of RFC 1071, written as simply as can be: 0xffff over whole, unharmed data. */
function onesComplementSum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

/** What a receiver checks of the UDP checksum: pseudo-header, header and payload. */
function udpSum(packet: Buffer): number {
  const headerLength = (packet.readUInt8(0) & 15) * 4;
  const udp = packet.subarray(headerLength);
  const pseudo = Buffer.from([...packet.subarray(12, 20), 0, 17, udp.length >> 8, udp.length & 255]);
  return onesComplementSum(Buffer.concat([pseudo, udp]));
}

function rewritten(fields: PacketFields, text: string, mtu = MTU): Buffer {
  const packet = udpPacket(fields);
  const view = new PacketView();
  expect(view.parse(packet, 0, packet.length)).toBe("udp");
  const output = Buffer.alloc(70_000, 0xaa);
  const written = writeUdpPacket(view, packet, whole(view, text), output, 64, mtu);
  expect(output.subarray(0, 64).every((byte) => byte === 0xaa)).toBe(true);
  expect(output.subarray(64 + written).every((byte) => byte === 0xaa)).toBe(true);
  return output.subarray(64, 64 + written);
}

test("the new packet carries the text, with lengths and checksums that hold", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
    maxLength: 90,
  });
  const options = fc.constantFrom(0, 4, 40).map((length) => new Uint8Array(length).fill(1));
  fc.assert(
    fc.property(text, text, options, (before, after, option) => {
      const packet = rewritten({ payload: before, options: option }, after);
      const headerLength = 20 + option.length;
      expect(packet.length).toBe(headerLength + 8 + after.length);
      expect(packet.readUInt16BE(2)).toBe(packet.length);
      expect(packet.readUInt16BE(headerLength + 4)).toBe(8 + after.length);
      expect(packet.toString("latin1", headerLength + 8)).toBe(after);
      expect(onesComplementSum(packet.subarray(0, headerLength))).toBe(0xffff);
      expect(udpSum(packet)).toBe(0xffff);
    }),
    { numRuns: 500 },
  );
});

test("what lies between the replacements stays, wherever they are", () => {
  const parts = fc.array(fc.tuple(fc.string({ maxLength: 30 }), fc.string({ maxLength: 12 }), fc.string()), {
    maxLength: 5,
  });
  const latin1 = (text: string): string => Buffer.from(text, "latin1").toString("latin1");
  fc.assert(
    fc.property(parts, fc.string({ maxLength: 9 }), (some, rest) => {
      let before = "";
      let after = "";
      const replacements: Replacement[] = [];
      for (const [kept, old, text] of some.map((part) => part.map(latin1))) {
        const start = before.length + (kept ?? "").length;
        replacements.push({ start, end: start + (old ?? "").length, text: text ?? "" });
        before += `${kept}${old}`;
        after += `${kept}${text}`;
      }
      const packet = udpPacket({ payload: before + latin1(rest) });
      const view = new PacketView();
      view.parse(packet, 0, packet.length);
      const output = Buffer.alloc(4000);
      const written = writeUdpPacket(view, packet, replacements, output, 3, MTU);
      expect(output.toString("latin1", 3 + 28, 3 + written)).toBe(after + latin1(rest));
      expect(udpSum(output.subarray(3, 3 + written))).toBe(0xffff);
    }),
    { numRuns: 500 },
  );
});

test("all else in the headers stays", () => {
  const fields = {
    options: Uint8Array.of(0x94, 4, 0, 0),
    sourcePort: 1024,
    destinationPort: 65_535,
    fragment: 0x4000,
  };
  const original = udpPacket({ ...fields, payload: "before" });
  const packet = rewritten({ ...fields, payload: "before" }, "after!!");
  for (const [from, to] of [
    [0, 2],
    [4, 10],
    [12, 28],
  ]) {
    expect(packet.subarray(from, to)).toEqual(original.subarray(from, to));
  }
});

test("a packet without a UDP checksum stays without one", () => {
  expect(rewritten({ payload: "x", udpChecksum: 0 }, "yy").readUInt16BE(26)).toBe(0);
});

test("a checksum that computes to 0 is sent as all ones", () => {
  // The last two bytes are chosen so that the sum is 0xffff already.
  const probe = rewritten({ payload: "x" }, "ab\0\0");
  const checksum = probe.readUInt16BE(26);
  const packet = rewritten({ payload: "x" }, `ab${String.fromCharCode(checksum >> 8, checksum & 255)}`);
  expect(packet.readUInt16BE(26)).toBe(0xffff);
  expect(udpSum(packet)).toBe(0xffff);
});

describe("the packet and the path MTU", () => {
  const DF = 0x4000;
  const flags = (packet: Buffer) => packet.readUInt16BE(6);

  test("a packet that outgrows it loses DF", () => {
    const packet = rewritten({ payload: "x".repeat(1472), fragment: DF }, "x".repeat(1473));
    expect(flags(packet)).toBe(0);
    expect(onesComplementSum(packet.subarray(0, 20))).toBe(0xffff);
  });

  test("a packet that fills it keeps DF", () => {
    expect(flags(rewritten({ payload: "x", fragment: DF }, "x".repeat(1472)))).toBe(DF);
  });

  test("a packet that was beyond it and did not grow keeps DF", () => {
    expect(flags(rewritten({ payload: "x".repeat(1600), fragment: DF }, "y".repeat(1600)))).toBe(DF);
  });

  test("one that had no identification gets one, the same for a retransmission", () => {
    const fields = { payload: "x", fragment: DF, identification: 0 };
    const [first, again, other] = ["x", "x", "y"].map((char) =>
      rewritten(fields, char.repeat(2000)).readUInt16BE(4),
    );
    expect(first).not.toBe(0);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("one that had an identification keeps it", () => {
    const packet = rewritten({ payload: "x", fragment: DF, identification: 7 }, "x".repeat(2000));
    expect(packet.readUInt16BE(4)).toBe(7);
  });
});

describe("what cannot be written is refused", () => {
  test("more than the 65,531 bytes of a verdict", () => {
    expect(rewritten({ payload: "x" }, "y".repeat(65_531 - 28)).length).toBe(65_531);
    expect(rewritten({ payload: "x" }, "y".repeat(65_531 - 27)).length).toBe(0);
  });

  test("more than the output has room for", () => {
    const packet = udpPacket({ payload: "x" });
    const view = new PacketView();
    view.parse(packet, 0, packet.length);
    const output = Buffer.alloc(100);
    expect(writeUdpPacket(view, packet, whole(view, "yy"), output, 70, MTU)).toBe(30);
    expect(writeUdpPacket(view, packet, whole(view, "yyy"), output, 70, MTU)).toBe(0);
  });
});
