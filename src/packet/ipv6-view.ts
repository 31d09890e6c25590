import { formatIpv6 } from "./ipv6.ts";
import type { PacketKind } from "./packet-view.ts";
import type { SipPacket } from "./sip-packet.ts";

/** What the bytes of an IPv6 packet are, in the words of PacketKind. */
export type Ipv6Kind = Exclude<PacketKind, "ipv6" | "not-ip">;

const HEADER = 40;
const EXTENSION_HEADER = 8;
const UDP_HEADER = 8;
const TCP_HEADER = 20;
const IPPROTO_HOPOPTS = 0;
const IPPROTO_UDP = 17;
const IPPROTO_ROUTING = 43;
const IPPROTO_FRAGMENT = 44;
const IPPROTO_TCP = 6;
const IPPROTO_AH = 51;
const IPPROTO_DSTOPTS = 60;
const IPPROTO_MOBILITY = 135;
/** Extension headers that are passed over; RFC 8200 §4.1 lets a packet have seven. */
const MOST_EXTENSION_HEADERS = 8;

/** Ipv6View reads one IPv6 packet after another, as PacketView reads IPv4. Its addresses are texts (RFC 5952). */
export class Ipv6View implements SipPacket {
  readonly family = "ipv6";
  /** No router fragments IPv6 (RFC 8200 §4.5). */
  readonly dontFragment = true;
  /** Where the packet starts. */
  offset = 0;
  /** Bytes of the IPv6 header and its extension headers. */
  headerLength = 0;
  totalLength = 0;
  /** IPPROTO_* number of what is behind them. */
  protocol = 0;
  source = "";
  destination = "";
  /** 0 unless it is UDP or TCP, as is the next. */
  sourcePort = 0;
  destinationPort = 0;
  /** Where the UDP or TCP header starts. */
  transportOffset = 0;
  payloadOffset = 0;
  /** Bytes; for UDP as its header gives them, which may be fewer than the packet holds. */
  payloadLength = 0;

  /**
   * Moves to the packet at `bytes[offset..offset+length)`, which must lie within `bytes` and begin with version 6.
   *
   * Extension headers are passed over (RFC 8200 §4). A fragment header of a packet that is whole is one of them
   * (RFC 6946); the kernel takes those out where it has put fragments together.
   *
   * @returns "udp" and "tcp": all accessors hold; "other-protocol": the addresses do; else none does
   */
  parse(bytes: Buffer, offset: number, length: number): Ipv6Kind {
    if (length < HEADER) return "truncated";
    const end = offset + HEADER + bytes.readUInt16BE(offset + 4);
    if (end > offset + length) return "truncated";
    let protocol = bytes[offset + 6] ?? 0;
    let at = offset + HEADER;
    for (let count = 0; isExtension(protocol); count++) {
      if (count === MOST_EXTENSION_HEADERS || end - at < EXTENSION_HEADER) return "bad-length";
      const size = extensionLength(bytes, protocol, at);
      if (size > end - at) return "bad-length";
      // Offset and M flag; the two bits between them are reserved.
      if (protocol === IPPROTO_FRAGMENT && (bytes.readUInt16BE(at + 2) & 0xfff9) !== 0) return "fragment";
      protocol = bytes[at] ?? 0;
      at += size;
    }
    this.offset = offset;
    this.headerLength = at - offset;
    this.totalLength = end - offset;
    this.protocol = protocol;
    const kind = this.#parseTransport(bytes, protocol, at, end);
    if (kind === "bad-length") return kind;
    this.source = formatIpv6(bytes, offset + 8);
    this.destination = formatIpv6(bytes, offset + 24);
    return kind;
  }

  #parseTransport(bytes: Buffer, protocol: number, at: number, end: number): Ipv6Kind {
    this.transportOffset = at;
    if (protocol === IPPROTO_UDP) return this.#parseUdp(bytes, at, end);
    if (protocol === IPPROTO_TCP) return this.#parseTcp(bytes, at, end);
    return "other-protocol";
  }

  #parseUdp(bytes: Buffer, at: number, end: number): "udp" | "bad-length" {
    const available = end - at;
    if (available < UDP_HEADER) return "bad-length";
    const length = bytes.readUInt16BE(at + 4);
    if (length < UDP_HEADER || length > available) return "bad-length";
    this.#parsePorts(bytes, at);
    this.payloadOffset = at + UDP_HEADER;
    this.payloadLength = length - UDP_HEADER;
    return "udp";
  }

  #parseTcp(bytes: Buffer, at: number, end: number): "tcp" | "bad-length" {
    const available = end - at;
    if (available < TCP_HEADER) return "bad-length";
    const headerLength = (bytes.readUInt8(at + 12) >>> 4) * 4;
    if (headerLength < TCP_HEADER || headerLength > available) return "bad-length";
    this.#parsePorts(bytes, at);
    this.payloadOffset = at + headerLength;
    this.payloadLength = available - headerLength;
    return "tcp";
  }

  #parsePorts(bytes: Buffer, at: number): void {
    this.sourcePort = bytes.readUInt16BE(at);
    this.destinationPort = bytes.readUInt16BE(at + 2);
  }
}

function isExtension(protocol: number): boolean {
  switch (protocol) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_FRAGMENT:
    case IPPROTO_AH:
    case IPPROTO_DSTOPTS:
    case IPPROTO_MOBILITY:
      return true;
    default:
      return false;
  }
}

/** Bytes of the extension header at `at`, of which eight can be read. */
function extensionLength(bytes: Buffer, protocol: number, at: number): number {
  const length = bytes[at + 1] ?? 0;
  switch (protocol) {
    case IPPROTO_FRAGMENT:
      return EXTENSION_HEADER;
    case IPPROTO_AH:
      // RFC 4302 §2.2 counts words of four bytes, less two.
      return 4 * (length + 2);
    default:
      return 8 * (length + 1);
  }
}
