import { endianness } from "node:os";
import { KernelError } from "./kernel-error.ts";

/** NETLINK_ROUTE of linux/netlink.h. */
export const NETLINK_ROUTE = 0;
/** NETLINK_NETFILTER of linux/netlink.h. */
export const NETLINK_NETFILTER = 12;

/** NLM_F_REQUEST of linux/netlink.h. */
export const NLM_F_REQUEST = 0x001;
/** NLM_F_DUMP of linux/netlink.h: NLM_F_ROOT | NLM_F_MATCH. */
export const NLM_F_DUMP = 0x300;
/** NLM_F_EXCL of linux/netlink.h. */
export const NLM_F_EXCL = 0x200;
/** NLM_F_CREATE of linux/netlink.h. */
export const NLM_F_CREATE = 0x400;

/** Bytes of struct nlmsghdr: length u32, type u16, flags u16, sequence u32, port u32, all in host order. */
export const NLMSG_HEADER = 16;
/** NLA_F_NESTED of linux/netlink.h. */
export const NLA_F_NESTED = 0x8000;
/** NLA_TYPE_MASK of linux/netlink.h. */
export const NLA_TYPE_MASK = 0x3fff;
/** Bytes of struct nlattr: length u16, type u16, both in host order. */
export const NLA_HEADER = 4;

/** Netlink headers and rtnetlink values are in host byte order. */
export const LITTLE_ENDIAN = endianness() === "LE";

/**
 * An attribute's header as one number in host order.
 *
 * @param size of header and value, in bytes, without padding
 */
export function attributeHeader(type: number, size: number): number {
  return (LITTLE_ENDIAN ? (type << 16) | size : (size << 16) | type) >>> 0;
}

/** NLMSG_ALIGN and NLA_ALIGN of linux/netlink.h. */
export function align(length: number): number {
  return (length + 3) & ~3;
}

/** Where one message of a buffer lies: `start` is its header, `end` just behind its unpadded bytes. */
export interface MessageSpan {
  readonly type: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes of the message that starts at `start` of `view`, without padding.
 *
 * Throws KernelError EBADMSG when its header is cut off or its length reaches beyond `limit`.
 */
export function messageSize(view: DataView, start: number, limit: number): number {
  const left = limit - start;
  if (left < NLMSG_HEADER) throw badMessage(`${left} bytes left of a message header`);
  const size = view.getUint32(start, LITTLE_ENDIAN);
  if (size < NLMSG_HEADER || size > left) throw badMessage(`message of ${size} bytes in ${left} bytes`);
  return size;
}

/** Type of the message that starts at `start` of `view`. */
export function messageType(view: DataView, start: number): number {
  return view.getUint16(start + 4, LITTLE_ENDIAN);
}

/** Walks the whole messages in `bytes[0..length)`; throws as `messageSize` does. */
export function* messages(bytes: Uint8Array, length: number): Generator<MessageSpan> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  for (let start = 0; start < length; ) {
    const size = messageSize(view, start, length);
    yield { type: messageType(view, start), start, end: start + size };
    start += align(size);
  }
}

function badMessage(detail: string): KernelError {
  return new KernelError("read netlink", "EBADMSG", detail);
}
