import type { FileNumbers } from "./file-numbers.ts";

/** CaptureInterface is what an Interface Description Block says (draft-ietf-opsawg-pcapng §4.2). */
export interface CaptureInterface {
  readonly linkType: number;
  /** Bytes of a frame that were kept at most. */
  readonly snapLength: number;
  /** Units of time in a second (if_tsresol). */
  readonly unitsPerSecond: bigint;
  /** Seconds to add to every time (if_tsoffset). */
  readonly offset: bigint;
}

const END_OF_OPTIONS = 0;
const TIME_RESOLUTION = 9;
const TIME_OFFSET = 14;
const MICROSECONDS = 6;

/** Reads the body of an Interface Description Block that stands in `[start, end)`, at least 8 bytes. */
export function describeInterface(numbers: FileNumbers, start: number, end: number): CaptureInterface {
  const snapLength = numbers.u32(start + 4);
  let resolution = MICROSECONDS;
  let offset = 0n;
  for (let at = start + 8; at + 4 <= end; ) {
    const code = numbers.u16(at);
    const length = numbers.u16(at + 2);
    if (code === END_OF_OPTIONS || at + 4 + length > end) break;
    if (code === TIME_RESOLUTION && length === 1) resolution = numbers.u8(at + 4);
    if (code === TIME_OFFSET && length === 8) offset = numbers.i64(at + 4);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  // The top bit makes it a power of two instead of ten.
  const unitsPerSecond = resolution < 128 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution - 128);
  return {
    linkType: numbers.u16(start),
    snapLength: snapLength === 0 ? Number.MAX_SAFE_INTEGER : snapLength,
    unitsPerSecond,
    offset,
  };
}

/** The nanoseconds since 1970 that a packet's two halves of a time mean on its interface. */
export function timeOf(from: CaptureInterface, high: number, low: number): bigint {
  const units = (BigInt(high) << 32n) + BigInt(low);
  return (units * 1_000_000_000n) / from.unitsPerSecond + from.offset * 1_000_000_000n;
}
