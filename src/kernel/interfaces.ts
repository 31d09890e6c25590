import { familyOf } from "../packet/host.ts";
import { AttributeReader } from "./attribute-reader.ts";
import { KernelError } from "./kernel-error.ts";
import { MessageWriter } from "./message-writer.ts";
import type { Native } from "./native.ts";
import { type DumpedMessage, dump, dumpAll } from "./netlink-dump.ts";
import {
  LITTLE_ENDIAN,
  type MessageSpan,
  NETLINK_ROUTE,
  NLM_F_DUMP,
  NLMSG_HEADER,
} from "./netlink-message.ts";
import * as rt from "./rtnetlink.ts";
import type { Watch } from "./watch.ts";

/** One network interface of this network namespace. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  /** Bytes. */
  readonly mtu: number;
  /** True when it is set up by the admin (IFF_UP), whether or not it has a carrier. */
  readonly up: boolean;
  /** Its IPv4 addresses, on a point-to-point link our own end; primary ones before IFA_F_SECONDARY ones. */
  readonly ipv4: readonly string[];
  /** Its IPv6 addresses, link-local ones too, but for those that another host has: the preferred ones come first. */
  readonly ipv6: readonly string[];
  /** Those of `ipv6` that new communication may come from: neither deprecated nor tentative (RFC 4862 §5.5.4, §5.4). */
  readonly preferredIpv6: readonly string[];
}

/** An address of an interface. */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly host: string;
  /** Secondary of IPv4, temporary of IPv6 (RFC 8981), which have the same flag. */
  readonly secondary: boolean;
  /** "failed": another host has it; "tentative": whether one does is not known yet (RFC 4862 §5.4). */
  readonly state: "preferred" | "deprecated" | "tentative" | "failed";
}

const STATES: readonly InterfaceAddress["state"][] = ["preferred", "deprecated", "tentative"];

/** Returns all interfaces with their addresses. Throws KernelError. */
export function readInterfaces(native: Native): Interface[] {
  const addresses = dumpAll(() => dumpAddresses(native));
  return dumpAll(() => dumpLinks(native)).map((link) => {
    return { ...link, ...hostsOf(addresses.filter((one) => one.interfaceIndex === link.index)) };
  });
}

/** The hosts of one interface in the order in which they are to be used; those whose `state` is "failed" are not. */
export function hostsOf(
  addresses: readonly InterfaceAddress[],
): Pick<Interface, "ipv4" | "ipv6" | "preferredIpv6"> {
  const rank = ({ state, secondary }: InterfaceAddress): number =>
    2 * STATES.indexOf(state) + Number(secondary);
  const usable = addresses
    .filter(({ state }) => state !== "failed")
    .sort((one, two) => rank(one) - rank(two));
  const ipv6 = usable.filter(({ host }) => familyOf(host) === "ipv6");
  return {
    ipv4: usable.map(({ host }) => host).filter((host) => familyOf(host) === "ipv4"),
    ipv6: ipv6.map(({ host }) => host),
    preferredIpv6: ipv6.filter(({ state }) => state === "preferred").map(({ host }) => host),
  };
}

/** Returns one interface. Throws KernelError: ENODEV, naming it, when there is none of that name. */
export function readInterface(native: Native, name: string): Interface {
  const found = readInterfaces(native).find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new KernelError(`read interface ${name}`, "ENODEV", "there is no such interface; see `ip link`");
}

/** Calls `onChange` after an interface or an address came, went or changed, or such news was lost. */
export function watchInterfaces(native: Native, onChange: () => void): Watch {
  return rt.watchGroups(native, [rt.RTNLGRP_LINK, rt.RTNLGRP_IPV4_IFADDR, rt.RTNLGRP_IPV6_IFADDR], onChange);
}

function* dumpLinks(native: Native): Generator<Omit<Interface, keyof ReturnType<typeof hostsOf>>> {
  for (const { bytes, message } of dumpRoute(native, rt.RTM_GETLINK, rt.IFINFOMSG, "read interfaces")) {
    if (message.type !== rt.RTM_NEWLINK) continue;
    const view = new DataView(bytes.buffer, bytes.byteOffset + message.start + NLMSG_HEADER, rt.IFINFOMSG);
    let name = "";
    let mtu = 0;
    const reader = new AttributeReader(bytes, message.start + NLMSG_HEADER + rt.IFINFOMSG, message.end);
    while (reader.next()) {
      if (reader.type === rt.IFLA_IFNAME) name = reader.string();
      if (reader.type === rt.IFLA_MTU) mtu = reader.u32();
    }
    const up = (view.getUint32(8, LITTLE_ENDIAN) & rt.IFF_UP) !== 0;
    yield { index: view.getInt32(4, LITTLE_ENDIAN), name, mtu, up };
  }
}

function* dumpAddresses(native: Native): Generator<InterfaceAddress> {
  for (const { bytes, message } of dumpRoute(native, rt.RTM_GETADDR, rt.IFADDRMSG, "read addresses")) {
    if (message.type === rt.RTM_NEWADDR) yield decodeAddress(bytes, message);
  }
}

/** Reads one RTM_NEWADDR message. Throws KernelError EBADMSG. */
export function decodeAddress(bytes: Uint8Array, { start, end }: MessageSpan): InterfaceAddress {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start + NLMSG_HEADER, rt.IFADDRMSG);
  let host = "";
  let local = "";
  let flags = view.getUint8(2);
  const reader = new AttributeReader(bytes, start + NLMSG_HEADER + rt.IFADDRMSG, end);
  while (reader.next()) {
    if (reader.type === rt.IFA_ADDRESS) host = reader.address();
    // On a point-to-point link IFA_ADDRESS is the other end.
    if (reader.type === rt.IFA_LOCAL) local = reader.address();
    if (reader.type === rt.IFA_FLAGS) flags = reader.u32();
  }
  return {
    interfaceIndex: view.getUint32(4, LITTLE_ENDIAN),
    host: local || host,
    secondary: (flags & rt.IFA_F_SECONDARY) !== 0,
    state: stateOf(flags),
  };
}

/** What linux/if_addr.h's flags say of an address; one that failed stays tentative to the kernel. */
function stateOf(flags: number): InterfaceAddress["state"] {
  if ((flags & rt.IFA_F_DADFAILED) !== 0) return "failed";
  // An optimistic address is used while it is tentative (RFC 4429).
  if ((flags & (rt.IFA_F_TENTATIVE | rt.IFA_F_OPTIMISTIC)) === rt.IFA_F_TENTATIVE) return "tentative";
  return (flags & rt.IFA_F_DEPRECATED) !== 0 ? "deprecated" : "preferred";
}

function dumpRoute(native: Native, type: number, fixed: number, op: string): Generator<DumpedMessage> {
  const writer = new MessageWriter(NLMSG_HEADER + fixed);
  writer.begin(type, NLM_F_DUMP);
  writer.fixed(fixed);
  writer.end();
  return dump(native, NETLINK_ROUTE, op, writer);
}
