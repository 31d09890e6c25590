import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { NETLINK_NETFILTER } from "./netlink-message.ts";

/** The process that has a netlink socket open; of several that share it, the one found first. */
export interface NetlinkOwner {
  readonly pid: number;
  /** Its name, at most 15 characters (/proc/PID/comm). */
  readonly command: string;
}

/**
 * Finds the process behind a netfilter netlink port id of this network namespace: the port's line in
 * /proc/net/netlink has an inode, which is the name of a descriptor in /proc/PID/fd.
 *
 * @returns undefined when it is not to be seen from here, as in another pid namespace
 */
export function findNetlinkOwner(portId: number): NetlinkOwner | undefined {
  const inode = inodeOf(readOptional("/proc/net/netlink") ?? "", portId);
  if (inode === undefined) return undefined;
  const target = `socket:[${inode}]`;
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (Number.isInteger(pid) && hasOpen(pid, target)) {
      return { pid, command: (readOptional(`/proc/${pid}/comm`) ?? "").trim() };
    }
  }
  return undefined;
}

/** Columns: sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode (netlink_native_seq_show, af_netlink.c). */
function inodeOf(table: string, portId: number): string | undefined {
  for (const line of table.split("\n")) {
    const columns = line.trim().split(/ +/);
    if (Number(columns[1]) === NETLINK_NETFILTER && Number(columns[2]) === portId) return columns[9];
  }
  return undefined;
}

/** False for a process that has ended meanwhile or may not be looked at. */
function hasOpen(pid: number, target: string): boolean {
  const folder = `/proc/${pid}/fd`;
  return (attempt(() => readdirSync(folder)) ?? []).some(
    (descriptor) => attempt(() => readlinkSync(`${folder}/${descriptor}`)) === target,
  );
}

function readOptional(path: string): string | undefined {
  return attempt(() => readFileSync(path, "latin1"));
}

/** Processes end while they are looked at; what is gone is not an answer. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
