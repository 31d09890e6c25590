import { type Address, addressOf } from "../packet/address.ts";
import { AttributeReader } from "./attribute-reader.ts";
import * as ct from "./ctnetlink.ts";
import { decodeExpectation, type ExpectationEntry } from "./expectation-message.ts";
import {
  isIpv4Tuple,
  TUPLE_DESTINATION,
  TUPLE_DESTINATION_PORT,
  TUPLE_PROTOCOL,
  TUPLE_SOURCE,
  TUPLE_SOURCE_PORT,
} from "./ipv4-tuple.ts";
import { attributeHeader, LITTLE_ENDIAN, NLA_F_NESTED, NLA_HEADER, NLMSG_HEADER } from "./netlink-message.ts";
import { protocolNumber } from "./tuple.ts";

const TCP = protocolNumber("tcp");
const UDP = protocolNumber("udp");
const FULL_PORT = 0xffff;
const FULL_IPV4 = 0xffffffff;
/** CTA_EXPECT_NAT's two attributes, as the kernel writes them. */
const NAT_DIRECTION = attributeHeader(ct.CTA_EXPECT_NAT_DIR, 8);
const NAT_TUPLE = attributeHeader(ct.CTA_EXPECT_NAT_TUPLE | NLA_F_NESTED, 52);
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
  readonly #reader: AttributeReader;
  #start = 0;
  #end = 0;

  /** @param bytes that hold the events */
  constructor(bytes: Uint8Array) {
    this.#reader = new AttributeReader(bytes, 0, 0);
    this.view = this.#reader.view;
  }

  /**
   * Reads the EXP_DELETE message in `bytes[start..end)`.
   *
   * @returns false when it expected neither UDP nor TCP; throws KernelError EBADMSG on a broken message
   */
  read(start: number, end: number): boolean {
    this.#start = start;
    this.#end = end;
    const reader = this.#reader;
    const { view } = this;
    let [master, tuple, mask] = [0, 0, 0];
    let isOutbound = false;
    reader.reset(start + NLMSG_HEADER + ct.NFGENMSG, end);
    while (reader.next()) {
      const { type } = reader;
      if (type === ct.CTA_EXPECT_NAT) {
        if (!isIpv4Nat(view, reader.start, reader.end)) return this.#readEntry();
        isOutbound = view.getUint32(reader.start + NLA_HEADER) === ORIGINAL;
      }
      const isTuple =
        type === ct.CTA_EXPECT_MASTER || type === ct.CTA_EXPECT_TUPLE || type === ct.CTA_EXPECT_MASK;
      if (!isTuple) continue;
      const at = reader.start - NLA_HEADER;
      if (!isIpv4Tuple(view, at, reader.end - at)) return this.#readEntry();
      if (type === ct.CTA_EXPECT_MASTER) master = at;
      else if (type === ct.CTA_EXPECT_TUPLE) tuple = at;
      else mask = at;
    }
    if (!isFlow(view, master) || !isFlow(view, tuple)) return false;
    this.peer = view.getUint32(master + TUPLE_DESTINATION);
    this.id = view.getUint16(master + TUPLE_SOURCE_PORT);
    this.masterPort = view.getUint16(master + TUPLE_DESTINATION_PORT);
    this.port = view.getUint16(tuple + TUPLE_DESTINATION_PORT);
    this.fromAnywhere = !isOutbound && !asksForSource(view, mask);
    return true;
  }

  /** All that the event says. */
  entry(): ExpectationEntry | undefined {
    const message = { type: ct.EXP_DELETE, start: this.#start, end: this.#end };
    return decodeExpectation(this.#reader.bytes, message);
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

/** True for a direction and a tuple of IPv4, and nothing else. */
function isIpv4Nat(view: DataView, start: number, end: number): boolean {
  const at = start + 8;
  return (
    isIpv4Tuple(view, at, end - at) &&
    isFlow(view, at) &&
    view.getUint32(start, LITTLE_ENDIAN) === NAT_DIRECTION &&
    view.getUint32(at, LITTLE_ENDIAN) === NAT_TUPLE
  );
}

/** True when there is a mask at `at`, and it asks for one host or one port. */
function asksForSource(view: DataView, at: number): boolean {
  if (!isFlow(view, at)) return false;
  const [host, port] = [view.getUint32(at + TUPLE_SOURCE), view.getUint16(at + TUPLE_SOURCE_PORT)];
  return host === FULL_IPV4 || port === FULL_PORT;
}

/** True when there is a tuple at `at`, which is never 0, and it is one of UDP or TCP. */
function isFlow(view: DataView, at: number): boolean {
  if (at === 0) return false;
  const protocol = view.getUint8(at + TUPLE_PROTOCOL);
  return protocol === UDP || protocol === TCP;
}
