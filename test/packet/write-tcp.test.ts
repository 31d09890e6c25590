import { describe, expect, it } from "vitest";
import { checksumOf, sumWords } from "../../src/packet/checksum.ts";
import { PacketView } from "../../src/packet/packet-view.ts";
import { readSegment } from "../../src/packet/tcp-segment.ts";
import { type SegmentChange, writeTcpPacket } from "../../src/packet/write-tcp.ts";
import { tcpPacket } from "./packets.ts";

/** MSS 1460; a SACK block from 100 to 200, two NOPs before it: 16 bytes. */
const OPTIONS = Buffer.from("020405b4" + "0101" + "050a" + "00000064" + "000000c8", "hex").toString("latin1");
const DONT_FRAGMENT = 0x4000;
const MTU = 1500;
const UNCHANGED: SegmentChange = {
  sequence: 0,
  acknowledgement: undefined,
  text: undefined,
  isCut: false,
  options: {},
};

/** What becomes of a segment that carries "data"; -1 when it is left. */
function written(change: Partial<SegmentChange>, mtu = MTU, fragment = 0): Buffer | number {
  const bytes = tcpPacket({ dataOffset: 9, payload: `${OPTIONS}data`, fragment });
  const packet = new PacketView();
  expect(packet.parse(bytes, 0, bytes.length)).toBe("tcp");
  const output = Buffer.alloc(200);
  const length = writeTcpPacket(packet, bytes, { ...UNCHANGED, ...change }, output, 8, mtu);
  return length > 0 ? Buffer.from(output.subarray(8, 8 + length)) : length;
}

/** The segment in a packet, whose checksums are right. */
function read(bytes: Buffer | number): ReturnType<typeof readSegment> & { readonly options: string } {
  if (typeof bytes === "number") throw new Error(`The packet was not written: ${bytes}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(checksumOf(sumWords(view, 0, 20))).toBe(0);
  const pseudo = sumWords(view, 12, 20) + 6 + bytes.length - 20;
  expect(checksumOf(pseudo + sumWords(view, 20, bytes.length))).toBe(0);
  const packet = new PacketView();
  expect(packet.parse(bytes, 0, bytes.length)).toBe("tcp");
  return { ...readSegment(packet, bytes), options: bytes.toString("hex", 40, 56) };
}

describe("writeTcpPacket", () => {
  it("leaves a segment of which nothing changes", () => expect(written({})).toBe(-1));

  it("writes other bytes and another number, and leaves the options", () => {
    const segment = read(written({ sequence: 0xffff_fff0, text: "other data" }));
    expect(segment.sequence).toBe(0xffff_fff0);
    expect(segment.payload.toString()).toBe("other data");
    expect(segment.options).toBe(Buffer.from(OPTIONS, "latin1").toString("hex"));
  });

  it("lowers the maximum segment size, but not below the least", () => {
    const lower = (least: number) => ({ options: { lowerSegmentSize: { by: 200, least } } });
    expect(read(written(lower(536))).options).toMatch(/^020404ec/);
    expect(written(lower(1300))).toBe(-1);
  });

  it("gives the edges of a SACK block anew", () => {
    const options = { block: (left: number, right: number) => [left + 1, right - 1] as const };
    expect(read(written({ options })).options).toMatch(/050a00000065000000c7$/);
    expect(written({ options: { block: (left, right) => [left, right] } })).toBe(-1);
  });

  it("takes DF from a packet that outgrows the MTU, and from no other", () => {
    const grown = written({ text: "data that is longer" }, 70, DONT_FRAGMENT);
    const same = written({ text: "atad" }, 50, DONT_FRAGMENT);
    expect([grown, same].map((bytes) => (typeof bytes === "number" ? bytes : bytes.readUInt16BE(6)))).toEqual(
      [0, DONT_FRAGMENT],
    );
  });
});
