import { checksumOf, sumWords } from "./checksum.ts";
import { LONGEST_PACKET, outgrows, pseudoHeaderSum, writeLength } from "./ip-header.ts";
import type { SipPacket } from "./sip-packet.ts";

const UDP_HEADER = 8;

/** What stands in the place of `[start, end)` of a payload, one latin1 character per byte. */
export interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** A buffer with its view: the queue has one for what comes and one for what goes, so none is made per packet. */
interface Viewed {
  bytes: Buffer;
  view: DataView;
}

const source = viewed(Buffer.alloc(0));
const target = viewed(Buffer.alloc(0));

/**
 * Writes the UDP packet that `packet` views in `bytes` anew, with `replacements` made in its payload, to `output[at..]`.
 *
 * Everything else of its IP and UDP headers stays, options too, but: both lengths and checksums are right for
 * the new payload; a UDP checksum of 0 ("none", RFC 768) stays 0 in IPv4; a packet that grew past `mtu` bytes may be
 * fragmented, see `writeLength`.
 *
 * @param replacements sorted by where they start, not overlapping, within the payload
 * @returns bytes written; 0, and nothing written, when the packet would exceed `LONGEST_PACKET` or the room in `output`, or
 * cannot be sent on (`outgrows`)
 */
export function writeUdpPacket(
  packet: SipPacket,
  bytes: Buffer,
  replacements: readonly Replacement[],
  output: Buffer,
  at: number,
  mtu: number,
): number {
  const { offset, headerLength, payloadOffset, payloadLength } = packet;
  const udpLength = UDP_HEADER + lengthAfter(payloadLength, replacements);
  const totalLength = headerLength + udpLength;
  if (totalLength > LONGEST_PACKET || totalLength > output.length - at) return 0;
  if (outgrows(packet, totalLength, mtu)) return 0;
  const from = viewOf(source, bytes);
  const view = viewOf(target, output);
  const udp = at + headerLength;
  copy(from, offset, view, at, headerLength + UDP_HEADER);
  let read = payloadOffset;
  let write = udp + UDP_HEADER;
  for (const { start, end, text } of replacements) {
    const kept = payloadOffset + start - read;
    copy(from, read, view, write, kept);
    write += kept;
    for (let index = 0; index < text.length; index++) view.setUint8(write++, text.charCodeAt(index));
    read = payloadOffset + end;
  }
  copy(from, read, view, write, payloadOffset + payloadLength - read);

  view.setUint16(udp + 4, udpLength);
  const hasChecksum = packet.family === "ipv6" || view.getUint16(udp + 6) !== 0;
  view.setUint16(udp + 6, 0);
  // A sum of 0 is sent as all ones (RFC 768).
  const pseudo = pseudoHeaderSum(view, at, packet, udpLength);
  const checksum = checksumOf(pseudo + sumWords(view, udp, udp + udpLength)) || 0xffff;
  if (hasChecksum) view.setUint16(udp + 6, checksum);

  // Made of the content, so a retransmission has the same and its fragments are interchangeable.
  writeLength(view, at, packet, totalLength, mtu, checksum);
  return totalLength;
}

/** The length of a payload of `length` bytes once the replacements are made. */
export function lengthAfter(length: number, replacements: readonly Replacement[]): number {
  let sum = length;
  for (const { start, end, text } of replacements) sum += text.length - (end - start);
  return sum;
}

/** Copies by words: to make a view of the part, as Buffer.copy does, takes longer than to copy a line of SIP. */
function copy(from: DataView, start: number, to: DataView, at: number, length: number): void {
  let done = 0;
  for (; done + 3 < length; done += 4) to.setUint32(at + done, from.getUint32(start + done));
  for (; done < length; done++) to.setUint8(at + done, from.getUint8(start + done));
}

function viewed(bytes: Buffer): Viewed {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

function viewOf(last: Viewed, bytes: Buffer): DataView {
  if (bytes !== last.bytes) Object.assign(last, viewed(bytes));
  return last.view;
}
