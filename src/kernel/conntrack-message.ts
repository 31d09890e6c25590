import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { Family } from "../packet/host.ts";
import { AttributeReader } from "./attribute-reader.ts";
import * as ct from "./ctnetlink.ts";
import { knownAddress } from "./known-address.ts";
import type { MessageWriter } from "./message-writer.ts";
import { encodeNat } from "./nat.ts";
import { type MessageSpan, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLMSG_HEADER } from "./netlink-message.ts";
import {
  decodeSequenceAdjustment,
  encodeSequenceAdjustment,
  type SequenceAdjustment,
} from "./sequence-adjustment.ts";
import { decodeTcpState, encodeLiberal, encodeTcpState, type TcpState } from "./tcp-state.ts";
import {
  decodeTuple,
  encodeEnds,
  encodeTuple,
  type FlowTuple,
  familyNumber,
  protocolNumber,
} from "./tuple.ts";

/** The two directions of a conntrack: enum ip_conntrack_dir. */
export type Direction = "original" | "reply";

/** NewConntrack is an entry to be made. */
export interface NewConntrack {
  /** Its original direction, before NAT. */
  readonly original: FlowTuple;
  /** Where the original direction's source is translated to. */
  readonly sourceNat?: Endpoint | undefined;
  /** Where the original direction's destination is translated to. */
  readonly destinationNat?: Endpoint | undefined;
  /** IPS_* bits. */
  readonly status: number;
  /** Seconds. */
  readonly timeout: number;
  readonly mark?: number | undefined;
  /** Name of the conntrack helper it carries. */
  readonly helper?: string | undefined;
  readonly tcp?: TcpState | undefined;
}

/** ConntrackEntry is an entry as the kernel tells it. */
export interface ConntrackEntry {
  readonly original: FlowTuple;
  /** The reply direction, with NAT applied: its destination is what the original source became. */
  readonly reply: FlowTuple;
  /** IPS_* bits. */
  readonly status: number;
  /** Seconds left; 0 in a destroy event, which carries none. */
  readonly timeout: number;
  readonly mark: number;
  readonly id: number;
  readonly helper: string | undefined;
  /** Original direction of the flow that expected this one (IPS_EXPECTED). */
  readonly master: FlowTuple | undefined;
  readonly tcp: TcpState | undefined;
  readonly sequenceAdjustment: {
    readonly original: SequenceAdjustment | undefined;
    readonly reply: SequenceAdjustment | undefined;
  };
}

/** Which entries a dump is to hold; the kernel filters (Linux 5.8 and later for ports and protocol). */
export interface ConntrackFilter {
  /** Default: both, or IPv4 where `destination` is given, which the kernel takes for one family only. */
  readonly family?: Family | undefined;
  /** Protocol and destination port of the original direction. */
  readonly destination?: { readonly protocol: Transport; readonly port: number } | undefined;
}

/** Writes the request that makes `entry`, and is refused with EEXIST when either tuple is taken. */
export function encodeNewConntrack(writer: MessageWriter, entry: NewConntrack): void {
  const { original, sourceNat, destinationNat, mark, helper, tcp } = entry;
  const { source, destination } = original;
  const protocol = protocolNumber(original.protocol);
  const [from, to] = [knownAddress(source.host), knownAddress(destination.host)];
  ct.beginCtnetlink(writer, ct.CT_NEW, NLM_F_CREATE | NLM_F_EXCL, familyNumber(to));
  encodeEnds(writer, ct.CTA_TUPLE_ORIG, protocol, from, source.port, to, destination.port);
  encodeEnds(writer, ct.CTA_TUPLE_REPLY, protocol, to, destination.port, from, source.port);
  writer.be32(ct.CTA_STATUS, entry.status);
  writer.be32(ct.CTA_TIMEOUT, entry.timeout);
  if (mark !== undefined) writer.be32(ct.CTA_MARK, mark);
  if (sourceNat !== undefined) encodeNat(writer, ct.CTA_NAT_SRC, sourceNat);
  if (destinationNat !== undefined) encodeNat(writer, ct.CTA_NAT_DST, destinationNat);
  if (helper !== undefined) {
    const nest = writer.beginNest(ct.CTA_HELP);
    writer.string(ct.CTA_HELP_NAME, helper);
    writer.endNest(nest);
  }
  if (tcp !== undefined) encodeTcpState(writer, tcp);
  writer.end();
}

/**
 * Writes the request that sets the sequence adjustment of one direction of an existing TCP entry, whose numbers the
 * kernel then no longer judges: an entry that was made so forgets it when a SYN comes late (nf_conntrack_tcp.c, where
 * "this SYN/ACK acknowledges a SYN that we earlier ignored").
 */
export function encodeConntrackAdjustment(
  writer: MessageWriter,
  flow: FlowTuple,
  direction: Direction,
  adjustment: SequenceAdjustment,
): void {
  beginByTuple(writer, ct.CT_NEW, flow);
  const type = direction === "original" ? ct.CTA_SEQ_ADJ_ORIG : ct.CTA_SEQ_ADJ_REPLY;
  encodeSequenceAdjustment(writer, type, adjustment);
  encodeLiberal(writer);
  writer.end();
}

/** Writes the request for the entry of which `flow` is either direction. */
export function encodeGetConntrack(writer: MessageWriter, flow: FlowTuple): void {
  beginByTuple(writer, ct.CT_GET, flow);
  writer.end();
}

/**
 * Writes the request that deletes the entry of which `flow` is either direction, and its expectations with it.
 *
 * NB: without a tuple the kernel would delete every entry it has, so this takes no other form.
 */
export function encodeDeleteConntrack(writer: MessageWriter, flow: FlowTuple): void {
  beginByTuple(writer, ct.CT_DELETE, flow);
  writer.end();
}

/** Writes the request for all entries that pass `filter`. */
export function encodeDumpConntrack(writer: MessageWriter, filter: ConntrackFilter = {}): void {
  const { destination } = filter;
  const family = filter.family ?? (destination && "ipv4");
  const number = family === undefined ? 0 : family === "ipv6" ? ct.AF_INET6 : ct.AF_INET;
  ct.beginCtnetlink(writer, ct.CT_GET, NLM_F_DUMP, number);
  if (destination !== undefined) {
    const tuple = writer.beginNest(ct.CTA_TUPLE_ORIG);
    const proto = writer.beginNest(ct.CTA_TUPLE_PROTO);
    writer.u8(ct.CTA_PROTO_NUM, protocolNumber(destination.protocol));
    writer.be16(ct.CTA_PROTO_DST_PORT, destination.port);
    writer.endNest(proto);
    writer.endNest(tuple);
    const flags = ct.CTA_FILTER_F_CTA_PROTO_NUM | ct.CTA_FILTER_F_CTA_PROTO_DST_PORT;
    const nest = writer.beginNest(ct.CTA_FILTER);
    writer.u32(ct.CTA_FILTER_ORIG_FLAGS, flags);
    writer.u32(ct.CTA_FILTER_REPLY_FLAGS, 0);
    writer.endNest(nest);
  }
  writer.end();
}

/**
 * Reads one CT_NEW or CT_DELETE message: the answer to a get or a dump, or an event.
 *
 * @returns undefined for an entry that is neither UDP nor TCP; throws KernelError EBADMSG on a broken message
 */
export function decodeConntrack(bytes: Uint8Array, message: MessageSpan): ConntrackEntry | undefined {
  let original: FlowTuple | undefined;
  let reply: FlowTuple | undefined;
  let master: FlowTuple | undefined;
  let [status, timeout, mark, id] = [0, 0, 0, 0];
  let helper: string | undefined;
  let tcp: TcpState | undefined;
  const adjusted: Record<Direction, SequenceAdjustment | undefined> = {
    original: undefined,
    reply: undefined,
  };
  const reader = new AttributeReader(bytes, message.start + NLMSG_HEADER + ct.NFGENMSG, message.end);
  while (reader.next()) {
    switch (reader.type) {
      case ct.CTA_TUPLE_ORIG:
        original = decodeTuple(reader);
        break;
      case ct.CTA_TUPLE_REPLY:
        reply = decodeTuple(reader);
        break;
      case ct.CTA_TUPLE_MASTER:
        master = decodeTuple(reader);
        break;
      case ct.CTA_STATUS:
        status = reader.be32();
        break;
      case ct.CTA_TIMEOUT:
        timeout = reader.be32();
        break;
      case ct.CTA_MARK:
        mark = reader.be32();
        break;
      case ct.CTA_ID:
        id = reader.be32();
        break;
      case ct.CTA_HELP:
        helper = decodeHelper(reader);
        break;
      case ct.CTA_PROTOINFO:
        tcp = decodeTcpState(reader);
        break;
      case ct.CTA_SEQ_ADJ_ORIG:
        adjusted.original = decodeSequenceAdjustment(reader);
        break;
      case ct.CTA_SEQ_ADJ_REPLY:
        adjusted.reply = decodeSequenceAdjustment(reader);
        break;
    }
  }
  if (original === undefined || reply === undefined) return undefined;
  return {
    original,
    reply,
    status,
    timeout,
    mark,
    id,
    helper,
    master,
    tcp,
    sequenceAdjustment: adjusted,
  };
}

/** Starts a message about the entry of which `flow` is a direction. */
function beginByTuple(writer: MessageWriter, type: number, flow: FlowTuple): void {
  ct.beginCtnetlink(writer, type, 0, familyNumber(knownAddress(flow.destination.host)));
  encodeTuple(writer, ct.CTA_TUPLE_ORIG, flow);
}

function decodeHelper(reader: AttributeReader): string | undefined {
  for (const help = reader.nested(); help.next(); ) {
    if (help.type === ct.CTA_HELP_NAME) return help.string();
  }
  return undefined;
}
