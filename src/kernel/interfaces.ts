import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { KernelError } from "./kernel-error.ts";
import type { Native } from "./native.ts";
import { NETLINK_ROUTE } from "./netlink-message.ts";

/** RTNLGRP_LINK and RTNLGRP_IPV4_IFADDR of linux/rtnetlink.h. */
const RTNLGRP_LINK = 1;
const RTNLGRP_IPV4_IFADDR = 5;

/** Interface is a network interface as it is now. */
export interface Interface {
  readonly name: string;
  readonly index: number;
  /** Bytes. */
  readonly mtu: number;
  /** Its IPv4 addresses in the kernel's order: the first is its primary one. */
  readonly ipv4: readonly string[];
}

/**
 * Reads one interface.
 *
 * @throws KernelError ENODEV, naming it, when there is none of this name
 */
export function readInterface(name: string): Interface {
  const index = readNumber(name, "ifindex");
  const mtu = readNumber(name, "mtu");
  const addresses = networkInterfaces()[name] ?? [];
  return {
    name,
    index,
    mtu,
    ipv4: addresses.filter((one) => one.family === "IPv4").map((one) => one.address),
  };
}

function readNumber(name: string, file: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/${file}`, "latin1"));
  } catch (cause) {
    throw new KernelError(`read interface ${name}`, "ENODEV", "there is no such interface; see `ip link`", {
      cause,
    });
  }
}

/**
 * Calls back whenever a link or an IPv4 address of any interface may have changed, also when the kernel had more
 * to tell than it could.
 */
export function watchInterfaces(native: Native, onChange: () => void): { close(): void } {
  const socket = native.netlink_open(NETLINK_ROUTE, 1 << 20);
  const groups = Uint32Array.of(RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR);
  native.netlink_subscribe(socket, groups, Buffer.alloc(64 << 10), onChange);
  return { close: () => native.netlink_close(socket) };
}
