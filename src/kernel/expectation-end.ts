import { type Address, addressOf } from "../packet/address.ts";
import * as ct from "./ctnetlink.ts";
import { decodeExpectation, type ExpectationEntry } from "./expectation-message.ts";
import {
  IPV4_TUPLE,
  isIpv4Tuple,
  TUPLE_DESTINATION,
  TUPLE_DESTINATION_PORT,
  TUPLE_PROTOCOL,
  TUPLE_SOURCE,
  TUPLE_SOURCE_PORT,
  tupleHeader,
} from "./ipv4-tuple.ts";
import { attributeHeader, LITTLE_ENDIAN, NLA_F_NESTED, NLA_HEADER, NLMSG_HEADER } from "./netlink-message.ts";
import { protocolNumber } from "./tuple.ts";

const TCP = protocolNumber("tcp");
const UDP = protocolNumber("udp");
const FULL_PORT = 0xffff;
const FULL_IPV4 = 0xffffffff;
const TUPLE_HEADER = tupleHeader(ct.CTA_EXPECT_TUPLE);
const MASK_HEADER = tupleHeader(ct.CTA_EXPECT_MASK);
const MASTER_HEADER = tupleHeader(ct.CTA_EXPECT_MASTER);
/** Where CTA_EXPECT_NAT starts, behind the three, and its parts: the direction, and a tuple. */
const NAT = 3 * IPV4_TUPLE;
const NAT_HEADER = attributeHeader(ct.CTA_EXPECT_NAT | NLA_F_NESTED, 3 * NLA_HEADER + IPV4_TUPLE);
const DIRECTION_HEADER = attributeHeader(ct.CTA_EXPECT_NAT_DIR, 2 * NLA_HEADER);
const SAVED_HEADER = tupleHeader(ct.CTA_EXPECT_NAT_TUPLE);
/** IP_CT_DIR_ORIGINAL of enum ip_conntrack_dir: the direction of an outbound expectation. */
const ORIGINAL = 0;

/**
 * ExpectationEnd is what the kernel tells of an expectation that is gone, in numbers: enough to see whose it was. Most
 * are those of masters that we have taken out ourselves, of which nothing more is to be known.
 *
 * One object reads all the events of a buffer; what it says holds until it reads the next one.
 */
export class ExpectationEnd {
  /** Where the master leads to. */
  peer: Address = 0;
  /** The master's ports: its source port is the id that we chose. */
  id = 0;
  masterPort = 0;
  /** The port the expected packets were sent to. */
  port = 0;
  /** True for an inbound one that took packets of any host, from any port. */
  fromAnywhere = false;
  /** Of the bytes that hold the events. */
  readonly view: DataView;
  readonly #bytes: Uint8Array;
  #start = 0;
  #end = 0;

  /** @param bytes that hold the events */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Reads the EXP_DELETE message in `bytes[start..end)`.
   *
   * @returns false when it expected neither UDP nor TCP; throws KernelError EBADMSG on a broken message
   */
  read(start: number, end: number): boolean {
    this.#start = start;
    this.#end = end;
    const { view } = this;
    const tuple = start + NLMSG_HEADER + ct.NFGENMSG;
    if (!isOfIpv4(view, tuple, end)) return this.#readEntry();
    const [mask, master] = [tuple + IPV4_TUPLE, tuple + 2 * IPV4_TUPLE];
    if (!isFlow(view, master) || !isFlow(view, tuple)) return false;
    this.peer = view.getUint32(master + TUPLE_DESTINATION);
    this.id = view.getUint16(master + TUPLE_SOURCE_PORT);
    this.masterPort = view.getUint16(master + TUPLE_DESTINATION_PORT);
    this.port = view.getUint16(tuple + TUPLE_DESTINATION_PORT);
    const isOutbound = view.getUint32(tuple + NAT + 2 * NLA_HEADER) === ORIGINAL;
    this.fromAnywhere = !isOutbound && !asksForSource(view, mask);
    return true;
  }

  /** All that the event says. */
  entry(): ExpectationEntry | undefined {
    const message = { type: ct.EXP_DELETE, start: this.#start, end: this.#end };
    return decodeExpectation(this.#bytes, message);
  }

  /** What has another shape, as IPv6 has. */
  #readEntry(): boolean {
    const entry = this.entry();
    if (entry === undefined) return false;
    const { master, from, to, nat } = entry;
    this.peer = addressOf(master.destination.host);
    this.id = master.source.port;
    this.masterPort = master.destination.port;
    this.port = to.port;
    this.fromAnywhere = from.host === undefined && from.port === undefined && nat?.direction !== "outbound";
    return true;
  }
}

/**
 * True for the attributes in `[at, end)` that the kernel writes of an expectation of IPv4 with its NAT: tuple, mask,
 * master and NAT, in this order (ctnetlink_exp_dump_expect, net/netfilter/nf_conntrack_netlink.c). What is behind them
 * says nothing of whose it was.
 */
function isOfIpv4(view: DataView, at: number, end: number): boolean {
  const nat = at + NAT;
  const saved = nat + 3 * NLA_HEADER;
  return (
    saved + IPV4_TUPLE <= end &&
    view.getUint32(at, LITTLE_ENDIAN) === TUPLE_HEADER &&
    view.getUint32(at + IPV4_TUPLE, LITTLE_ENDIAN) === MASK_HEADER &&
    view.getUint32(at + 2 * IPV4_TUPLE, LITTLE_ENDIAN) === MASTER_HEADER &&
    view.getUint32(nat, LITTLE_ENDIAN) === NAT_HEADER &&
    view.getUint32(nat + NLA_HEADER, LITTLE_ENDIAN) === DIRECTION_HEADER &&
    view.getUint32(saved, LITTLE_ENDIAN) === SAVED_HEADER &&
    isIpv4Tuple(view, at) &&
    isIpv4Tuple(view, at + IPV4_TUPLE) &&
    isIpv4Tuple(view, at + 2 * IPV4_TUPLE) &&
    isIpv4Tuple(view, saved) &&
    isFlow(view, saved)
  );
}

/** True for a mask that asks for one host or one port. */
function asksForSource(view: DataView, at: number): boolean {
  if (!isFlow(view, at)) return false;
  const [host, port] = [view.getUint32(at + TUPLE_SOURCE), view.getUint16(at + TUPLE_SOURCE_PORT)];
  return host === FULL_IPV4 || port === FULL_PORT;
}

/** True for a tuple of UDP or TCP. */
function isFlow(view: DataView, at: number): boolean {
  const protocol = view.getUint8(at + TUPLE_PROTOCOL);
  return protocol === UDP || protocol === TCP;
}
