import { checksumOf, sumWords } from "./checksum.ts";
import { LONGEST_PACKET, outgrows, pseudoHeaderSum, writeLength } from "./ip-header.ts";
import type { SipPacket } from "./sip-packet.ts";
import { editOptions, type OptionEdits } from "./tcp-options.ts";

const FIN = 0x01;
const PUSH = 0x08;

/** What a segment is sent on as. */
export interface SegmentChange {
  /** Its sequence number. */
  readonly sequence: number;
  /** Its acknowledgement number; without ACK it is of no meaning, and stays. */
  readonly acknowledgement: number | undefined;
  /** Its payload, one latin1 character per byte; undefined leaves it. */
  readonly text: string | undefined;
  /** True when its last bytes, and FIN behind them, are left to a later segment. */
  readonly isCut: boolean;
  readonly options: OptionEdits;
}

/**
 * Writes the TCP packet that `packet` views in `bytes` anew, with `change`, to `output[at..]`.
 *
 * Everything else of its headers stays, but lengths and checksums are right, and a packet that grew past `mtu` bytes
 * may be fragmented, as in `writeUdpPacket`.
 *
 * @returns bytes written, which are no packet to be sent when `change` changes nothing: that is -1. 0 when the packet
 * would exceed `LONGEST_PACKET` or the room in `output`, or cannot be sent on (`outgrows`).
 */
export function writeTcpPacket(
  packet: SipPacket,
  bytes: Buffer,
  change: SegmentChange,
  output: Buffer,
  at: number,
  mtu: number,
): number {
  const { offset, headerLength, payloadOffset, payloadLength } = packet;
  const { text, acknowledgement, isCut } = change;
  const headers = payloadOffset - offset;
  const totalLength = headers + (text === undefined ? payloadLength : text.length);
  if (totalLength > LONGEST_PACKET || totalLength > output.length - at) return 0;
  if (outgrows(packet, totalLength, mtu)) return 0;
  bytes.copy(output, at, offset, payloadOffset);
  const view = new DataView(output.buffer, output.byteOffset, output.length);
  const tcp = at + headerLength;
  const isSame =
    text === undefined &&
    !isCut &&
    view.getUint32(tcp + 4) === change.sequence &&
    (acknowledgement === undefined || view.getUint32(tcp + 8) === acknowledgement);
  const isEdited = editOptions(view, tcp + 20, at + headers, change.options);
  if (isSame && !isEdited) return -1;
  if (text === undefined) bytes.copy(output, at + headers, payloadOffset, payloadOffset + payloadLength);
  else output.write(text, at + headers, "latin1");

  view.setUint32(tcp + 4, change.sequence);
  if (acknowledgement !== undefined) view.setUint32(tcp + 8, acknowledgement);
  if (text === "") view.setUint8(tcp + 13, view.getUint8(tcp + 13) & ~PUSH);
  if (isCut) view.setUint8(tcp + 13, view.getUint8(tcp + 13) & ~FIN);
  view.setUint16(tcp + 16, 0);
  const pseudo = pseudoHeaderSum(view, at, packet, totalLength - headerLength);
  const checksum = checksumOf(pseudo + sumWords(view, tcp, at + totalLength));
  view.setUint16(tcp + 16, checksum);

  writeLength(view, at, packet, totalLength, mtu, checksum);
  return totalLength;
}
