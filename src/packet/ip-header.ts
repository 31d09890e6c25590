import { checksumOf, sumWords } from "./checksum.ts";
import type { SipPacket } from "./sip-packet.ts";

const IPV6_HEADER = 40;
const DONT_FRAGMENT_BYTE = 0x40;

/** Bytes of the longest packet that is written: a verdict carries no more (NFQA_PAYLOAD, 16 bits that count a header of 4). */
export const LONGEST_PACKET = 0xffff - 4;

/**
 * True when a packet may not become `totalLength` bytes long on a path of `mtu`: no router fragments IPv6, and its
 * sender would be told of a limit that it keeps already. One that came in fragments goes on in fragments.
 */
export function outgrows(
  { family, totalLength: before }: SipPacket,
  totalLength: number,
  mtu: number,
): boolean {
  return family === "ipv6" && totalLength > mtu && totalLength > before && before <= mtu;
}

/**
 * The sum of the pseudo-header that UDP and TCP count in their checksums: both addresses, the protocol and `length`,
 * the bytes of the UDP datagram or TCP segment (RFC 768, RFC 9293 §3.1, RFC 8200 §8.1).
 *
 * @param at where in `view` the IP header stands
 */
export function pseudoHeaderSum(view: DataView, at: number, packet: SipPacket, length: number): number {
  const addresses =
    packet.family === "ipv4" ? sumWords(view, at + 12, at + 20) : sumWords(view, at + 8, at + 40);
  return addresses + packet.protocol + length;
}

/**
 * Brings the copy of a packet's IP header at `at` to its new length. An IPv4 packet that has grown past `mtu` bytes loses
 * DF, and gets `identification` if it had none (RFC 6864 §4.1 lets only unfragmentable packets go without).
 */
export function writeLength(
  view: DataView,
  at: number,
  packet: SipPacket,
  totalLength: number,
  mtu: number,
  identification: number,
): void {
  if (packet.family === "ipv6") {
    view.setUint16(at + 4, totalLength - IPV6_HEADER);
    return;
  }
  view.setUint16(at + 2, totalLength);
  if (packet.dontFragment && totalLength > mtu && totalLength > packet.totalLength) {
    view.setUint8(at + 6, view.getUint8(at + 6) & ~DONT_FRAGMENT_BYTE);
    if (view.getUint16(at + 4) === 0) view.setUint16(at + 4, identification);
  }
  view.setUint16(at + 10, 0);
  view.setUint16(at + 10, checksumOf(sumWords(view, at, at + packet.headerLength)));
}
