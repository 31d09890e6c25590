import type { Endpoint } from "../packet/endpoint.ts";
import {
  CTA_NAT_PROTO,
  CTA_NAT_V4_MINIP,
  CTA_NAT_V6_MINIP,
  CTA_PROTONAT_PORT_MAX,
  CTA_PROTONAT_PORT_MIN,
} from "./ctnetlink.ts";
import type { MessageWriter } from "./message-writer.ts";

/**
 * Writes the NAT of a new conntrack as nested attribute `type`: CTA_NAT_SRC or CTA_NAT_DST.
 *
 * A range of one address (without a maximum it is the minimum) and one port leaves the kernel nothing to choose
 * (get_unique_tuple, net/netfilter/nf_nat_core.c): the flow gets `to`, or the request is refused. The kernel never
 * sends this attribute back: an entry's NAT is the difference between its two tuples.
 */
export function encodeNat(writer: MessageWriter, type: number, to: Endpoint): void {
  const nest = writer.beginNest(type);
  writer.address(CTA_NAT_V4_MINIP, CTA_NAT_V6_MINIP, to.host);
  const proto = writer.beginNest(CTA_NAT_PROTO);
  writer.be16(CTA_PROTONAT_PORT_MIN, to.port);
  writer.be16(CTA_PROTONAT_PORT_MAX, to.port);
  writer.endNest(proto);
  writer.endNest(nest);
}
