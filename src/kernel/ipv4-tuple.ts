import {
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
} from "./ctnetlink.ts";
import type { MessageWriter } from "./message-writer.ts";
import { attributeHeader, NLA_F_NESTED } from "./netlink-message.ts";

/**
 * A tuple of IPv4 is one attribute of always the same shape: the headers in it are constants, and each value has its
 * place. So it is written at one go.
 */

/** Bytes of the whole attribute. */
const SIZE = 52;

const IP = attributeHeader(CTA_TUPLE_IP | NLA_F_NESTED, 20);
const SOURCE = attributeHeader(CTA_IP_V4_SRC, 8);
const DESTINATION = attributeHeader(CTA_IP_V4_DST, 8);
const PROTO = attributeHeader(CTA_TUPLE_PROTO | NLA_F_NESTED, 28);
const PROTOCOL = attributeHeader(CTA_PROTO_NUM, 5);
const SOURCE_PORT = attributeHeader(CTA_PROTO_SRC_PORT, 6);
const DESTINATION_PORT = attributeHeader(CTA_PROTO_DST_PORT, 6);

/**
 * Writes a tuple as nested attribute `type`.
 *
 * @param protocol IPPROTO_*
 * @param source in host byte order, as `destination`
 */
export function encodeIpv4Tuple(
  writer: MessageWriter,
  type: number,
  protocol: number,
  source: number,
  sourcePort: number,
  destination: number,
  destinationPort: number,
): void {
  const { view, words } = writer;
  const at = writer.take(SIZE);
  const word = at >>> 2;
  words[word] = attributeHeader(type | NLA_F_NESTED, SIZE);
  words[word + 1] = IP;
  words[word + 2] = SOURCE;
  view.setUint32(at + 12, source);
  words[word + 4] = DESTINATION;
  view.setUint32(at + 20, destination);
  words[word + 6] = PROTO;
  words[word + 7] = PROTOCOL;
  // What is shorter than four bytes is padded with zeroes.
  view.setUint32(at + 32, protocol << 24);
  words[word + 9] = SOURCE_PORT;
  view.setUint32(at + 40, sourcePort << 16);
  words[word + 11] = DESTINATION_PORT;
  view.setUint32(at + 48, destinationPort << 16);
}
