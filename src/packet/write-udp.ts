import { checksumOf, sumWords } from "./checksum.ts";
import type { PacketView } from "./packet-view.ts";

const UDP_HEADER = 8;
const LARGEST_PACKET = 0xffff;
const DONT_FRAGMENT_BYTE = 0x40;

let lastOutput: Buffer = Buffer.alloc(0);
let lastView: DataView = new DataView(lastOutput.buffer, 0, 0);

/**
 * Writes the UDP packet that `packet` views in `bytes` anew, with `text` for its payload, to `output[at..]`.
 *
 * Everything else of its IP and UDP headers stays, options too, but: both lengths and checksums are right for
 * the new payload; a UDP checksum of 0 ("none", RFC 768) stays 0; a packet that grew past `mtu` bytes loses DF,
 * and gets an identification if it had none (RFC 6864 §4.1 lets only unfragmentable packets go without).
 *
 * @param text one latin1 character per byte
 * @returns bytes written; 0, and nothing written, when the packet would exceed 65,535 bytes or the room in `output`
 */
export function writeUdpPacket(
  packet: PacketView,
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
  bytes.copy(output, at, offset, offset + headerLength + UDP_HEADER);
  output.write(text, at + headerLength + UDP_HEADER, "latin1");

  const view = viewOf(output);
  const udp = at + headerLength;
  view.setUint16(udp + 4, udpLength);
  const hadChecksum = view.getUint16(udp + 6) !== 0;
  view.setUint16(udp + 6, 0);
  // RFC 768: the pseudo-header is both addresses, the protocol and the length; a sum of 0 is sent as all ones.
  const pseudo = sumWords(view, at + 12, at + 20) + packet.protocol + udpLength;
  const checksum = checksumOf(pseudo + sumWords(view, udp, udp + udpLength)) || 0xffff;
  if (hadChecksum) view.setUint16(udp + 6, checksum);

  view.setUint16(at + 2, totalLength);
  if (packet.dontFragment && totalLength > mtu && totalLength > packet.totalLength) {
    view.setUint8(at + 6, view.getUint8(at + 6) & ~DONT_FRAGMENT_BYTE);
    // Made of the content, so a retransmission has the same and its fragments are interchangeable.
    if (view.getUint16(at + 4) === 0) view.setUint16(at + 4, checksum);
  }
  view.setUint16(at + 10, 0);
  view.setUint16(at + 10, checksumOf(sumWords(view, at, at + headerLength)));
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
