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
import { attributeHeader, LITTLE_ENDIAN, NLA_F_NESTED } from "./netlink-message.ts";

/**
 * A tuple of IPv4 is one attribute of always the same shape: the headers in it are constants, and each value has its
 * place. So it is written, and read, at one go.
 */

/** Bytes of the whole attribute. */
export const IPV4_TUPLE = 52;
/** Where its values lie, counted from its own header; all in network order. */
export const TUPLE_SOURCE = 12;
export const TUPLE_DESTINATION = 20;
export const TUPLE_PROTOCOL = 32;
export const TUPLE_SOURCE_PORT = 40;
export const TUPLE_DESTINATION_PORT = 48;

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
  const at = writer.take(IPV4_TUPLE);
  const word = at >>> 2;
  words[word] = tupleHeader(type);
  words[word + 1] = IP;
  words[word + 2] = SOURCE;
  view.setUint32(at + TUPLE_SOURCE, source);
  words[word + 4] = DESTINATION;
  view.setUint32(at + TUPLE_DESTINATION, destination);
  words[word + 6] = PROTO;
  words[word + 7] = PROTOCOL;
  // What is shorter than four bytes is padded with zeroes.
  view.setUint32(at + TUPLE_PROTOCOL, protocol << 24);
  words[word + 9] = SOURCE_PORT;
  view.setUint32(at + TUPLE_SOURCE_PORT, sourcePort << 16);
  words[word + 11] = DESTINATION_PORT;
  view.setUint32(at + TUPLE_DESTINATION_PORT, destinationPort << 16);
}

/** The header of a tuple of IPv4 that is attribute `type`, see `attributeHeader`. */
export function tupleHeader(type: number): number {
  return attributeHeader(type | NLA_F_NESTED, IPV4_TUPLE);
}

/** True when the attribute of IPV4_TUPLE bytes that starts at `at` of `view` is a tuple of just that shape. */
export function isIpv4Tuple(view: DataView, at: number): boolean {
  return (
    view.getUint32(at + 4, LITTLE_ENDIAN) === IP &&
    view.getUint32(at + TUPLE_SOURCE - 4, LITTLE_ENDIAN) === SOURCE &&
    view.getUint32(at + TUPLE_DESTINATION - 4, LITTLE_ENDIAN) === DESTINATION &&
    view.getUint32(at + TUPLE_PROTOCOL - 8, LITTLE_ENDIAN) === PROTO &&
    view.getUint32(at + TUPLE_PROTOCOL - 4, LITTLE_ENDIAN) === PROTOCOL &&
    view.getUint32(at + TUPLE_SOURCE_PORT - 4, LITTLE_ENDIAN) === SOURCE_PORT &&
    view.getUint32(at + TUPLE_DESTINATION_PORT - 4, LITTLE_ENDIAN) === DESTINATION_PORT
  );
}
