import type { Address } from "../packet/address.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { AttributeReader } from "./attribute-reader.ts";
import * as ct from "./ctnetlink.ts";
import { knownAddress } from "./known-address.ts";
import type { MessageWriter } from "./message-writer.ts";
import { type MessageSpan, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLMSG_HEADER } from "./netlink-message.ts";
import {
  decodeTuple,
  encodeEnds,
  encodeTuple,
  type FlowTuple,
  familyNumber,
  protocolNumber,
} from "./tuple.ts";

/** The SIP helper's classes, enum sip_expectation_classes of net/netfilter/nf_conntrack_sip.h. */
export const EXPECTATION_CLASS = { signalling: 0, audio: 1, video: 2, image: 3 } as const;
/** A number of EXPECTATION_CLASS. */
export type ExpectationClass = (typeof EXPECTATION_CLASS)[keyof typeof EXPECTATION_CLASS];

/** Where an expected flow may come from; undefined takes any. */
export interface ExpectedSource {
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** Expectation is one flow that the gateway announces to the kernel. */
export interface Expectation {
  /**
   * "inbound": a remote sends to our external port, the kernel sends it on to `saved`, the phone.
   * "outbound": the phone sends to the remote, and takes the external port of the inbound expectation of the
   * same master whose `saved` is the phone's endpoint (nf_nat_sip_expected, net/netfilter/nf_nat_sip.c).
   */
  readonly direction: "inbound" | "outbound";
  /** One of EXPECTATION_CLASS: it decides the share of its master that it counts in. */
  readonly class: ExpectationClass;
  readonly protocol: Transport;
  readonly from: ExpectedSource;
  readonly to: Endpoint;
  /** The flow's destination after NAT (for "outbound", `to` itself); undefined where there is no NAT (IPv6). */
  readonly saved: Endpoint | undefined;
  /** Seconds until it is given up. */
  readonly timeout: number;
}

/** ExpectationEntry is an expectation as the kernel tells it. */
export interface ExpectationEntry {
  /** Original direction of the conntrack it hangs on. */
  readonly master: FlowTuple;
  readonly protocol: Transport;
  readonly from: ExpectedSource;
  readonly to: Endpoint;
  /** Seconds left; 0 in an event. */
  readonly timeout: number;
  readonly id: number;
  readonly class: number;
  /** NF_CT_EXPECT_* bits: 1 permanent, 2 inactive, 4 made by userspace. */
  readonly flags: number;
  readonly nat: { readonly direction: "inbound" | "outbound"; readonly saved: Endpoint } | undefined;
  readonly helper: string | undefined;
  /** Name of the function that sets up the expected flow. */
  readonly fn: string | undefined;
}

/** What names one expectation: its tuple, found with the kernel's own masks. */
export type ExpectationKey = Pick<Expectation, "protocol" | "from" | "to">;

const ANY_PORT = 0;
const FULL_PORT = 0xffff;
const ANY_IPV4 = 0;
const FULL_IPV4 = 0xffffffff;
const FULL_IPV4_TEXT = "255.255.255.255";
const ANY_IPV6 = "::";
const FULL_IPV6 = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

/**
 * Writes the request that makes `expectation` under `master`, and is refused with EEXIST when a pending one, of
 * whatever master, would take the same flow.
 */
export function encodeNewExpectation(
  writer: MessageWriter,
  master: FlowTuple,
  expectation: Expectation,
): void {
  const { direction, protocol, saved } = expectation;
  beginNew(writer, NLM_F_CREATE | NLM_F_EXCL, master, expectation);
  if (expectation.class !== EXPECTATION_CLASS.signalling) writer.be32(ct.CTA_EXPECT_CLASS, expectation.class);
  if (saved !== undefined) {
    const nest = writer.beginNest(ct.CTA_EXPECT_NAT);
    // enum ip_conntrack_dir of the master the expected flow runs in: its original direction is outbound.
    writer.be32(ct.CTA_EXPECT_NAT_DIR, direction === "outbound" ? 0 : 1);
    // The kernel takes this tuple's source as saved_addr and saved_proto and reads nothing else of it.
    const source = knownAddress(saved.host);
    const none = typeof source === "number" ? ANY_IPV4 : ANY_IPV6;
    encodeEnds(writer, ct.CTA_EXPECT_NAT_TUPLE, protocolNumber(protocol), source, saved.port, none, 0);
    writer.endNest(nest);
    writer.string(ct.CTA_EXPECT_FN, "sip");
  }
  writer.end();
}

/**
 * Writes the request that sets the timeout of an existing expectation.
 *
 * NB: CTA_EXPECT_TIMEOUT is ignored in the request that makes it (ctnetlink_alloc_expect never reads it: the
 * helper's class decides, 180 s), so this second one, without NLM_F_CREATE and NLM_F_EXCL, sets every timeout. It
 * finds the expectation by its tuple alone: had another master the same one, that one's would be set.
 */
export function encodeExpectationTimeout(
  writer: MessageWriter,
  master: FlowTuple,
  expectation: Expectation,
): void {
  beginNew(writer, 0, master, expectation);
  writer.end();
}

/**
 * Writes the request that deletes one expectation.
 *
 * NB: without a tuple the kernel would delete every expectation it has, so this takes no other form. With `id`
 * (ExpectationEntry) it deletes that very one or answers ENOENT.
 */
export function encodeDeleteExpectation(
  writer: MessageWriter,
  expectation: ExpectationKey,
  id?: number,
): void {
  const to = knownAddress(expectation.to.host);
  ct.beginCtnetlink(writer, ct.EXP_DELETE, 0, familyNumber(to));
  encodeExpected(writer, expectation, to);
  if (id !== undefined) writer.be32(ct.CTA_EXPECT_ID, id);
  writer.end();
}

/** Writes the request for all expectations. */
export function encodeDumpExpectations(writer: MessageWriter): void {
  ct.beginCtnetlink(writer, ct.EXP_GET, NLM_F_DUMP, 0);
  writer.end();
}

/**
 * Reads one EXP_NEW or EXP_DELETE message: the answer to a get or a dump, or an event.
 *
 * A mask that covers part of an address, which no helper of the kernel sets, reads as "any".
 *
 * @returns undefined when it expects neither UDP nor TCP; throws KernelError EBADMSG on a broken message
 */
export function decodeExpectation(bytes: Uint8Array, message: MessageSpan): ExpectationEntry | undefined {
  let master: FlowTuple | undefined;
  let tuple: FlowTuple | undefined;
  let mask: FlowTuple | undefined;
  let nat: ExpectationEntry["nat"];
  let [timeout, id, klass, flags] = [0, 0, 0, 0];
  let helper: string | undefined;
  let fn: string | undefined;
  const reader = new AttributeReader(bytes, message.start + NLMSG_HEADER + ct.NFGENMSG, message.end);
  while (reader.next()) {
    switch (reader.type) {
      case ct.CTA_EXPECT_MASTER:
        master = decodeTuple(reader);
        break;
      case ct.CTA_EXPECT_TUPLE:
        tuple = decodeTuple(reader);
        break;
      case ct.CTA_EXPECT_MASK:
        mask = decodeTuple(reader);
        break;
      case ct.CTA_EXPECT_NAT:
        nat = decodeExpectationNat(reader);
        break;
      case ct.CTA_EXPECT_TIMEOUT:
        timeout = reader.be32();
        break;
      case ct.CTA_EXPECT_ID:
        id = reader.be32();
        break;
      case ct.CTA_EXPECT_CLASS:
        klass = reader.be32();
        break;
      case ct.CTA_EXPECT_FLAGS:
        flags = reader.be32();
        break;
      case ct.CTA_EXPECT_HELP_NAME:
        helper = reader.string();
        break;
      case ct.CTA_EXPECT_FN:
        fn = reader.string();
        break;
    }
  }
  if (master === undefined || tuple === undefined) return undefined;
  return {
    master,
    protocol: tuple.protocol,
    from: expectedSource(tuple.source, mask?.source),
    to: tuple.destination,
    timeout,
    id,
    class: klass,
    flags,
    nat,
    helper,
    fn,
  };
}

/** What both kinds of EXP_NEW share, in the order of conntrack(8). */
function beginNew(writer: MessageWriter, flags: number, master: FlowTuple, expectation: Expectation): void {
  const { protocol, from } = expectation;
  const to = knownAddress(expectation.to.host);
  const [anyHost, fullHost] = typeof to === "number" ? [ANY_IPV4, FULL_IPV4] : [ANY_IPV6, FULL_IPV6];
  const hostMask = from.host === undefined ? anyHost : fullHost;
  const portMask = from.port === undefined ? ANY_PORT : FULL_PORT;
  ct.beginCtnetlink(writer, ct.EXP_NEW, flags, familyNumber(knownAddress(master.destination.host)));
  encodeExpected(writer, expectation, to);
  encodeTuple(writer, ct.CTA_EXPECT_MASTER, master);
  const number = protocolNumber(protocol);
  encodeEnds(writer, ct.CTA_EXPECT_MASK, number, hostMask, portMask, fullHost, FULL_PORT);
  writer.be32(ct.CTA_EXPECT_TIMEOUT, expectation.timeout);
}

/** Writes the tuple of an expectation; `destination` is the address of its `to`. */
function encodeExpected(
  writer: MessageWriter,
  { protocol, from, to }: ExpectationKey,
  destination: Address,
): void {
  const any = typeof destination === "number" ? ANY_IPV4 : ANY_IPV6;
  const source = from.host === undefined ? any : knownAddress(from.host);
  const number = protocolNumber(protocol);
  encodeEnds(writer, ct.CTA_EXPECT_TUPLE, number, source, from.port ?? ANY_PORT, destination, to.port);
}

function expectedSource(source: Endpoint, mask: Endpoint | undefined): ExpectedSource {
  const wholeHost = mask?.host === FULL_IPV4_TEXT || mask?.host === FULL_IPV6;
  return {
    host: wholeHost ? source.host : undefined,
    port: mask?.port === FULL_PORT ? source.port : undefined,
  };
}

function decodeExpectationNat(reader: AttributeReader): ExpectationEntry["nat"] {
  let direction = 0;
  let tuple: FlowTuple | undefined;
  for (const parts = reader.nested(); parts.next(); ) {
    if (parts.type === ct.CTA_EXPECT_NAT_DIR) direction = parts.be32();
    if (parts.type === ct.CTA_EXPECT_NAT_TUPLE) tuple = decodeTuple(parts);
  }
  if (tuple === undefined) return undefined;
  return { direction: direction === 0 ? "outbound" : "inbound", saved: tuple.source };
}
