import {
  type CapturedPacket,
  CaptureError,
  CUT_REMEDY,
  DAMAGED_REMEDY,
  LONGEST_FRAME,
} from "./captured-packet.ts";
import { FileNumbers } from "./file-numbers.ts";

const FILE_HEADER = 24;
const RECORD_HEADER = 16;

/** The magic number, read as a big-endian one, and what it says of the rest (draft-ietf-opsawg-pcap §4). */
const MAGIC: ReadonlyMap<number, { readonly order: "little" | "big"; readonly unit: bigint }> = new Map([
  [0xa1b2c3d4, { order: "big", unit: 1000n }],
  [0xd4c3b2a1, { order: "little", unit: 1000n }],
  [0xa1b23c4d, { order: "big", unit: 1n }],
  [0x4d3cb2a1, { order: "little", unit: 1n }],
]);

/** True when `magic`, the first four bytes of a file as a big-endian number, begins a pcap file. */
export function isPcap(magic: number): boolean {
  return MAGIC.has(magic);
}

/**
 * Reads the packets of a pcap file of either byte order, with times in microseconds or nanoseconds.
 *
 * @param file its name, for errors
 * @throws CaptureError where the file ends within a packet or a length cannot be true
 */
export function* readPcap(file: string, bytes: Buffer): Generator<CapturedPacket, void> {
  const format = bytes.length < FILE_HEADER ? undefined : MAGIC.get(bytes.readUInt32BE(0));
  if (format === undefined) {
    throw new CaptureError(file, 0, "the file ends within its header", "it holds no packet, so capture anew");
  }
  const numbers = new FileNumbers(bytes, format.order);
  // The upper bits say how long a frame check sequence is; what lies behind the IP packet is not looked at.
  const linkType = numbers.u32(20) & 0xffff;
  for (let at = FILE_HEADER; at < bytes.length; ) {
    if (at + RECORD_HEADER > bytes.length) {
      throw new CaptureError(file, at, "the file ends within a packet's header", CUT_REMEDY);
    }
    const length = numbers.u32(at + 8);
    if (length > LONGEST_FRAME) {
      throw new CaptureError(file, at + 8, `a packet of ${length} bytes cannot be`, DAMAGED_REMEDY);
    }
    const start = at + RECORD_HEADER;
    if (start + length > bytes.length) {
      throw new CaptureError(
        file,
        at,
        `the file ends within a packet (${length} bytes announced, ${bytes.length - start} there)`,
        CUT_REMEDY,
      );
    }
    const time = BigInt(numbers.u32(at)) * 1_000_000_000n + BigInt(numbers.u32(at + 4)) * format.unit;
    yield { time, linkType, bytes: bytes.subarray(start, start + length) };
    at = start + length;
  }
}
