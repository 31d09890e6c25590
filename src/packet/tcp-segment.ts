import type { SipPacket } from "./sip-packet.ts";

const FIN = 0x01;
const SYN = 0x02;
const RST = 0x04;
const ACK = 0x10;

/** TcpSegment is what the header of a TCP segment says of the stream (RFC 9293 §3.1). */
export interface TcpSegment {
  /** Sequence number of the first byte of the payload, or of SYN. */
  readonly sequence: number;
  /** The sequence number expected next from the other side; undefined without ACK. */
  readonly acknowledged: number | undefined;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  /** A view of the packet's bytes. */
  readonly payload: Buffer;
}

/** Reads the segment that `packet` views in `bytes`; it was parsed as "tcp". */
export function readSegment(packet: SipPacket, bytes: Buffer): TcpSegment {
  const { transportOffset: at, payloadOffset, payloadLength } = packet;
  const flags = bytes.readUInt8(at + 13);
  return {
    sequence: bytes.readUInt32BE(at + 4),
    acknowledged: (flags & ACK) === 0 ? undefined : bytes.readUInt32BE(at + 8),
    syn: (flags & SYN) !== 0,
    fin: (flags & FIN) !== 0,
    rst: (flags & RST) !== 0,
    payload: bytes.subarray(payloadOffset, payloadOffset + payloadLength),
  };
}
