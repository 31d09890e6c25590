import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** NETLINK_NETFILTER of linux/netlink.h, as /proc/net/netlink prints it. */
const NETFILTER = 12;

/**
 * Says which process owns a netfilter netlink socket: by its port in /proc/net/netlink, that line's inode, and
 * the process whose descriptor it is.
 *
 * @returns "pid 123 (conntrackd)", or "netlink port 123" when the process cannot be seen
 */
export function portOwner(port: number): string {
  const inode = inodeOf(port);
  const pid = inode === undefined ? undefined : processWith(`socket:[${inode}]`);
  if (pid === undefined) return `netlink port ${port}`;
  const name = attempt(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim());
  return `pid ${pid} (${name ?? "unknown"})`;
}

function inodeOf(port: number): string | undefined {
  const text = attempt(() => readFileSync("/proc/net/netlink", "utf8")) ?? "";
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (Number(fields[1]) === NETFILTER && Number(fields[2]) === port) return fields[9];
  }
  return undefined;
}

function processWith(socket: string): string | undefined {
  return readdirSync("/proc").find(
    (pid) =>
      /^\d+$/.test(pid) &&
      (attempt(() => readdirSync(`/proc/${pid}/fd`)) ?? []).some(
        (descriptor) => attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`)) === socket,
      ),
  );
}

/** Processes end while they are looked at; what is gone is not an answer. */
function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
