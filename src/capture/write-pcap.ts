/** Link type of frames that are IP packets and nothing else (LINKTYPE_RAW). */
export const LINKTYPE_RAW = 101;

const NANOSECOND_MAGIC = 0xa1b23c4d;
const LONGEST_PACKET = 65_535;

/** One IP packet to write; `time` in nanoseconds since 1970. */
export interface WrittenPacket {
  readonly time: bigint;
  readonly bytes: Uint8Array;
}

/**
 * Makes a pcap file of IP packets: little-endian, times in nanoseconds, link type raw IP, so that packets of any
 * link layer can stand in it (draft-ietf-opsawg-pcap §4, §5).
 */
export function writePcap(packets: Iterable<WrittenPacket>): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(NANOSECOND_MAGIC, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(LONGEST_PACKET, 16);
  header.writeUInt32LE(LINKTYPE_RAW, 20);
  const parts: Uint8Array[] = [header];
  for (const { time, bytes } of packets) {
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Number(time / 1_000_000_000n), 0);
    record.writeUInt32LE(Number(time % 1_000_000_000n), 4);
    record.writeUInt32LE(bytes.length, 8);
    record.writeUInt32LE(bytes.length, 12);
    parts.push(record, bytes);
  }
  return Buffer.concat(parts);
}
