import type { Address } from "../packet/address.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { numberToIpv4 } from "../packet/ipv4.ts";
import type { AttributeReader } from "./attribute-reader.ts";
import {
  AF_INET,
  AF_INET6,
  CTA_IP_V4_DST,
  CTA_IP_V4_SRC,
  CTA_IP_V6_DST,
  CTA_IP_V6_SRC,
  CTA_PROTO_DST_PORT,
  CTA_PROTO_NUM,
  CTA_PROTO_SRC_PORT,
  CTA_TUPLE_IP,
  CTA_TUPLE_PROTO,
} from "./ctnetlink.ts";
import {
  encodeIpv4Tuple,
  IPV4_TUPLE,
  isIpv4Tuple,
  TUPLE_DESTINATION,
  TUPLE_DESTINATION_PORT,
  TUPLE_PROTOCOL,
  TUPLE_SOURCE,
  TUPLE_SOURCE_PORT,
} from "./ipv4-tuple.ts";
import { knownAddress } from "./known-address.ts";
import type { MessageWriter } from "./message-writer.ts";
import { NLA_HEADER } from "./netlink-message.ts";

/** FlowTuple is what names a flow in one direction: struct nf_conntrack_tuple without its zone. */
export interface FlowTuple {
  readonly protocol: Transport;
  readonly source: Endpoint;
  readonly destination: Endpoint;
}

/** Returns AF_INET or AF_INET6. */
export function familyNumber(address: Address): number {
  return typeof address === "number" ? AF_INET : AF_INET6;
}

/** IPPROTO_TCP and IPPROTO_UDP of linux/in.h. */
export function protocolNumber(protocol: Transport): number {
  return protocol === "tcp" ? 6 : 17;
}

/** Writes `tuple` as nested attribute `type` (CTA_TUPLE_ORIG, CTA_EXPECT_MASTER, ...). */
export function encodeTuple(writer: MessageWriter, type: number, tuple: FlowTuple): void {
  const { protocol, source, destination } = tuple;
  const [from, to] = [knownAddress(source.host), knownAddress(destination.host)];
  encodeEnds(writer, type, protocolNumber(protocol), from, source.port, to, destination.port);
}

/** Writes a tuple that is given by its parts as nested attribute `type`; `protocol` is IPPROTO_*. */
export function encodeEnds(
  writer: MessageWriter,
  type: number,
  protocol: number,
  source: Address,
  sourcePort: number,
  destination: Address,
  destinationPort: number,
): void {
  if (typeof source === "number" && typeof destination === "number") {
    encodeIpv4Tuple(writer, type, protocol, source, sourcePort, destination, destinationPort);
    return;
  }
  const nest = writer.beginNest(type);
  const ip = writer.beginNest(CTA_TUPLE_IP);
  writer.address(CTA_IP_V4_SRC, CTA_IP_V6_SRC, source);
  writer.address(CTA_IP_V4_DST, CTA_IP_V6_DST, destination);
  writer.endNest(ip);
  const proto = writer.beginNest(CTA_TUPLE_PROTO);
  writer.u8(CTA_PROTO_NUM, protocol);
  writer.be16(CTA_PROTO_SRC_PORT, sourcePort);
  writer.be16(CTA_PROTO_DST_PORT, destinationPort);
  writer.endNest(proto);
  writer.endNest(nest);
}

/**
 * Reads the nested attribute `reader` stands on.
 *
 * @returns undefined for a flow that is neither UDP nor TCP
 */
export function decodeTuple(reader: AttributeReader): FlowTuple | undefined {
  const at = reader.start - NLA_HEADER;
  if (reader.end - at === IPV4_TUPLE && isIpv4Tuple(reader.view, at)) return ipv4Flow(reader.view, at);
  let [sourceHost, destinationHost] = ["", ""];
  let [protocol, sourcePort, destinationPort] = [0, 0, 0];
  for (const parts = reader.nested(); parts.next(); ) {
    if (parts.type === CTA_TUPLE_IP) {
      for (const ip = parts.nested(); ip.next(); ) {
        if (ip.type === CTA_IP_V4_SRC || ip.type === CTA_IP_V6_SRC) sourceHost = ip.address();
        if (ip.type === CTA_IP_V4_DST || ip.type === CTA_IP_V6_DST) destinationHost = ip.address();
      }
    }
    if (parts.type === CTA_TUPLE_PROTO) {
      for (const proto = parts.nested(); proto.next(); ) {
        if (proto.type === CTA_PROTO_NUM) protocol = proto.u8();
        if (proto.type === CTA_PROTO_SRC_PORT) sourcePort = proto.be16();
        if (proto.type === CTA_PROTO_DST_PORT) destinationPort = proto.be16();
      }
    }
  }
  const transport = transportOf(protocol);
  if (transport === undefined || sourceHost === "" || destinationHost === "") return undefined;
  return {
    protocol: transport,
    source: { host: sourceHost, port: sourcePort },
    destination: { host: destinationHost, port: destinationPort },
  };
}

function ipv4Flow(view: DataView, at: number): FlowTuple | undefined {
  const protocol = transportOf(view.getUint8(at + TUPLE_PROTOCOL));
  if (protocol === undefined) return undefined;
  const source = numberToIpv4(view.getUint32(at + TUPLE_SOURCE));
  const destination = numberToIpv4(view.getUint32(at + TUPLE_DESTINATION));
  return {
    protocol,
    source: { host: source, port: view.getUint16(at + TUPLE_SOURCE_PORT) },
    destination: { host: destination, port: view.getUint16(at + TUPLE_DESTINATION_PORT) },
  };
}

function transportOf(protocol: number): Transport | undefined {
  return protocol === 6 ? "tcp" : protocol === 17 ? "udp" : undefined;
}
