import type { Family } from "./host.ts";

/**
 * What the bytes of a packet are.
 *
 * "udp" and "tcp": read, all accessors hold. "other-protocol": an IPv4 packet of another transport, the IP
 * accessors hold. "ipv6": for Ipv6View to read. The rest are packets that cannot be read, and no accessor holds:
 * "not-ip": neither version 4 nor 6. "truncated": ends before the length its headers give. "bad-length": a
 * length that contradicts another one or is below its header's minimum. "fragment": not a whole datagram.
 */
export type PacketKind =
  | "udp"
  | "tcp"
  | "other-protocol"
  | "ipv6"
  | "not-ip"
  | "truncated"
  | "bad-length"
  | "fragment";

const IPV4_HEADER = 20;
const UDP_HEADER = 8;
const TCP_HEADER = 20;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const DONT_FRAGMENT = 0x4000;
const FRAGMENT_MASK = 0x3fff;

/**
 * PacketView reads one packet after another out of a slab. One instance serves them all: `parse` moves it to the
 * next packet and allocates nothing.
 *
 * Offsets are positions in the bytes given to `parse`, lengths are bytes, addresses are unsigned 32-bit numbers
 * and ports numbers in host byte order.
 */
export class PacketView {
  readonly family: Family = "ipv4";
  /** Where the packet starts. */
  offset = 0;
  /** Bytes of its IP header. */
  headerLength = 0;
  /** Bytes of the packet as its IP header gives them; what lies behind them is no part of it. */
  totalLength = 0;
  ttl = 0;
  /** IPPROTO_* number. */
  protocol = 0;
  /** True when routers may not fragment it (DF). */
  dontFragment = false;
  source = 0;
  destination = 0;
  sourcePort = 0;
  destinationPort = 0;
  /** Where the UDP or TCP header starts. */
  transportOffset = 0;
  payloadOffset = 0;
  /** For UDP as its header gives it, which may be less than the IP packet holds. */
  payloadLength = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  /** Moves to the packet at `bytes[offset..offset+length)`, which must lie within `bytes`. */
  parse(bytes: Uint8Array, offset: number, length: number): PacketKind {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view;
    if (length < 1) return "truncated";
    const first = view.getUint8(offset);
    const version = first >>> 4;
    if (version !== 4) return version === 6 ? "ipv6" : "not-ip";
    if (length < IPV4_HEADER) return "truncated";
    const headerLength = (first & 15) * 4;
    const totalLength = view.getUint16(offset + 2);
    if (headerLength < IPV4_HEADER || totalLength < headerLength) return "bad-length";
    if (totalLength > length) return "truncated";
    const fragment = view.getUint16(offset + 6);
    if ((fragment & FRAGMENT_MASK) !== 0) return "fragment";
    this.offset = offset;
    this.headerLength = headerLength;
    this.totalLength = totalLength;
    this.dontFragment = (fragment & DONT_FRAGMENT) !== 0;
    this.ttl = view.getUint8(offset + 8);
    this.protocol = view.getUint8(offset + 9);
    this.source = view.getUint32(offset + 12);
    this.destination = view.getUint32(offset + 16);
    this.transportOffset = offset + headerLength;
    if (this.protocol === IPPROTO_UDP) return this.#parseUdp();
    if (this.protocol === IPPROTO_TCP) return this.#parseTcp();
    return "other-protocol";
  }

  /** RFC 768. A length of 0 has a meaning in IPv6 jumbograms only (RFC 2675 §4). */
  #parseUdp(): PacketKind {
    const available = this.totalLength - this.headerLength;
    if (available < UDP_HEADER) return "bad-length";
    const length = this.#view.getUint16(this.transportOffset + 4);
    if (length < UDP_HEADER || length > available) return "bad-length";
    this.#parsePorts();
    this.payloadOffset = this.transportOffset + UDP_HEADER;
    this.payloadLength = length - UDP_HEADER;
    return "udp";
  }

  /** RFC 9293 §3.1. */
  #parseTcp(): PacketKind {
    const available = this.totalLength - this.headerLength;
    if (available < TCP_HEADER) return "bad-length";
    const headerLength = (this.#view.getUint8(this.transportOffset + 12) >>> 4) * 4;
    if (headerLength < TCP_HEADER || headerLength > available) return "bad-length";
    this.#parsePorts();
    this.payloadOffset = this.transportOffset + headerLength;
    this.payloadLength = available - headerLength;
    return "tcp";
  }

  #parsePorts(): void {
    this.sourcePort = this.#view.getUint16(this.transportOffset);
    this.destinationPort = this.#view.getUint16(this.transportOffset + 2);
  }
}
