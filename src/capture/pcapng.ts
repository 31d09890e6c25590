import {
  type CapturedPacket,
  CaptureError,
  CUT_REMEDY,
  DAMAGED_REMEDY,
  LONGEST_FRAME,
} from "./captured-packet.ts";
import { FileNumbers } from "./file-numbers.ts";
import { type CaptureInterface, describeInterface, timeOf } from "./pcapng-interface.ts";

/** Block types of draft-ietf-opsawg-pcapng §4, and the obsolete Packet Block of its appendix. */
const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const LEAST_BLOCK = 12;
const LEAST_SECTION = 28;

/** True when `magic`, the first four bytes of a file as a big-endian number, begins a pcapng file. */
export function isPcapng(magic: number): boolean {
  return magic === SECTION;
}

/**
 * Reads the packets of a pcapng file: any number of sections, each in its own byte order, and of interfaces, each
 * with its own link type and unit of time. Blocks of other kinds are passed over.
 *
 * @param file its name, for errors
 * @throws CaptureError where the file ends within a block or a length cannot be true
 */
export function* readPcapng(file: string, bytes: Buffer): Generator<CapturedPacket, void> {
  let numbers = new FileNumbers(bytes, "little");
  let interfaces: CaptureInterface[] = [];
  let lastTime = 0n;
  for (let at = 0; at < bytes.length; ) {
    if (at + LEAST_BLOCK > bytes.length) {
      throw new CaptureError(file, at, "the file ends within a block's header", CUT_REMEDY);
    }
    if (bytes.readUInt32BE(at) === SECTION) {
      numbers = sectionNumbers(file, bytes, at);
      interfaces = [];
    }
    const type = numbers.u32(at);
    const length = blockLength(file, bytes, numbers, at);
    const bodyEnd = at + length - 4;
    if (type === INTERFACE) {
      if (length < LEAST_BLOCK + 8) throw damaged(file, at, length);
      interfaces.push(describeInterface(numbers, at + 8, bodyEnd));
    } else if (type === ENHANCED_PACKET || type === PACKET || type === SIMPLE_PACKET) {
      const header = type === SIMPLE_PACKET ? 4 : 20;
      if (length < LEAST_BLOCK + header) throw damaged(file, at, length);
      const number = type === SIMPLE_PACKET ? 0 : type === PACKET ? numbers.u16(at + 8) : numbers.u32(at + 8);
      const from = interfaces[number];
      if (from === undefined) {
        throw new CaptureError(
          file,
          at,
          `a packet of interface ${number}, which is not described`,
          DAMAGED_REMEDY,
        );
      }
      const start = at + 8 + header;
      // A simple packet has no time; it was captured no earlier than the one before it.
      if (type !== SIMPLE_PACKET) lastTime = timeOf(from, numbers.u32(at + 12), numbers.u32(at + 16));
      const captured =
        type === SIMPLE_PACKET ? Math.min(numbers.u32(at + 8), from.snapLength) : numbers.u32(at + 20);
      if (captured > LONGEST_FRAME || start + captured > bodyEnd) throw damaged(file, at, captured);
      yield { time: lastTime, linkType: from.linkType, bytes: bytes.subarray(start, start + captured) };
    }
    at += length;
  }
}

/** The byte order of the section that begins at `at`. */
function sectionNumbers(file: string, bytes: Buffer, at: number): FileNumbers {
  switch (bytes.readUInt32BE(at + 8)) {
    case 0x1a2b3c4d:
      return new FileNumbers(bytes, "big");
    case 0x4d3c2b1a:
      return new FileNumbers(bytes, "little");
    default:
      throw new CaptureError(file, at + 8, "a section without a byte order", DAMAGED_REMEDY);
  }
}

function blockLength(file: string, bytes: Buffer, numbers: FileNumbers, at: number): number {
  const length = numbers.u32(at + 4);
  const least = bytes.readUInt32BE(at) === SECTION ? LEAST_SECTION : LEAST_BLOCK;
  if (length < least || length % 4 !== 0) throw damaged(file, at, length);
  if (at + length > bytes.length) {
    throw new CaptureError(
      file,
      at,
      `the file ends within a block (${length} bytes announced, ${bytes.length - at} there)`,
      CUT_REMEDY,
    );
  }
  return length;
}

function damaged(file: string, at: number, length: number): CaptureError {
  return new CaptureError(file, at, `a block whose length of ${length} bytes cannot be`, DAMAGED_REMEDY);
}
