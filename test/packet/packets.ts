import { ipv4ToNumber } from "../../src/packet/ipv4.ts";
import type { SipPacket } from "../../src/packet/sip-packet.ts";
import type { Replacement } from "../../src/packet/write-udp.ts";

/** What an IPv4 packet is built of; each field may be given a wrong value. */
export interface PacketFields {
  readonly version?: number;
  readonly ihl?: number;
  readonly options?: Uint8Array;
  readonly totalLength?: number;
  readonly identification?: number;
  /** Flags and fragment offset, as they stand in the header. */
  readonly fragment?: number;
  readonly protocol?: number;
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly udpLength?: number;
  readonly udpChecksum?: number;
  readonly payload?: string;
}

/** Builds a UDP packet; its IP header checksum is left 0. */
export function udpPacket(fields: PacketFields): Buffer {
  const { options = new Uint8Array(0), payload = "" } = fields;
  const headerLength = 20 + options.length;
  const packet = Buffer.alloc(headerLength + 8 + payload.length);
  writeIp(packet, headerLength, fields, 17);
  packet.writeUInt16BE(fields.sourcePort ?? 5060, headerLength);
  packet.writeUInt16BE(fields.destinationPort ?? 5061, headerLength + 2);
  packet.writeUInt16BE(fields.udpLength ?? 8 + payload.length, headerLength + 4);
  packet.writeUInt16BE(fields.udpChecksum ?? 0xbeef, headerLength + 6);
  packet.write(payload, headerLength + 8, "latin1");
  return packet;
}

/** Builds a TCP packet whose header has `dataOffset` 32-bit words. */
export function tcpPacket(fields: PacketFields & { readonly dataOffset?: number }): Buffer {
  const { payload = "", dataOffset = 5 } = fields;
  const packet = Buffer.alloc(20 + 20 + payload.length);
  writeIp(packet, 20, fields, 6);
  packet.writeUInt16BE(fields.sourcePort ?? 5060, 20);
  packet.writeUInt16BE(fields.destinationPort ?? 5061, 22);
  packet.writeUInt8(dataOffset << 4, 32);
  packet.write(payload, 40, "latin1");
  return packet;
}

function writeIp(packet: Buffer, headerLength: number, fields: PacketFields, protocol: number): void {
  packet.writeUInt8(((fields.version ?? 4) << 4) | (fields.ihl ?? headerLength / 4), 0);
  packet.writeUInt16BE(fields.totalLength ?? packet.length, 2);
  packet.writeUInt16BE(fields.identification ?? 0x1234, 4);
  packet.writeUInt16BE(fields.fragment ?? 0, 6);
  packet.writeUInt8(63, 8);
  packet.writeUInt8(fields.protocol ?? protocol, 9);
  packet.writeUInt32BE(ipv4ToNumber(fields.source ?? "192.168.50.2") ?? 0, 12);
  packet.writeUInt32BE(ipv4ToNumber(fields.destination ?? "203.0.113.2") ?? 0, 16);
  packet.set(fields.options ?? [], 20);
}

/** The whole payload of a packet replaced by `text`. */
export function whole({ payloadLength }: Pick<SipPacket, "payloadLength">, text: string): Replacement[] {
  return [{ start: 0, end: payloadLength, text }];
}
