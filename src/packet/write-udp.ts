import { checksumOf, sumWords } from "./checksum.ts";
import { outgrows, pseudoHeaderSum, writeLength } from "./ip-header.ts";
import type { SipPacket } from "./sip-packet.ts";

const UDP_HEADER = 8;
const LARGEST_PACKET = 0xffff;

let lastOutput: Buffer = Buffer.alloc(0);
let lastView: DataView = new DataView(lastOutput.buffer, 0, 0);

/**
 * Writes the UDP packet that `packet` views in `bytes` anew, with `text` for its payload, to `output[at..]`.
 *
 * Everything else of its IP and UDP headers stays, options too, but: both lengths and checksums are right for
 * the new payload; a UDP checksum of 0 ("none", RFC 768) stays 0 in IPv4; a packet that grew past `mtu` bytes may be
 * fragmented, see `writeLength`.
 *
 * @param text one latin1 character per byte
 * @returns bytes written; 0, and nothing written, when the packet would exceed 65,535 bytes or the room in `output`, or
 * cannot be sent on (`outgrows`)
 */
export function writeUdpPacket(
  packet: SipPacket,
  bytes: Buffer,
  text: string,
  output: Buffer,
  at: number,
  mtu: number,
): number {
  const { offset, headerLength } = packet;
  const udpLength = UDP_HEADER + text.length;
  const totalLength = headerLength + udpLength;
  if (totalLength > LARGEST_PACKET || totalLength > output.length - at) return 0;
  if (outgrows(packet, totalLength, mtu)) return 0;
  const udp = at + headerLength;
  // Buffer.copy takes longer to be called than so few bytes take.
  for (let index = 0; index < headerLength + UDP_HEADER; index++) {
    output[at + index] = bytes[offset + index] ?? 0;
  }
  output.write(text, udp + UDP_HEADER, "latin1");

  const view = viewOf(output);
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

/** The queue has one output buffer, so its view is made once and not per packet. */
function viewOf(output: Buffer): DataView {
  if (output !== lastOutput) {
    lastOutput = output;
    lastView = new DataView(output.buffer, output.byteOffset, output.length);
  }
  return lastView;
}
