import { readFileSync } from "node:fs";

/**
 * Reads a number below /proc/sys/net/netfilter, such as nf_conntrack_udp_timeout (seconds).
 *
 * @returns undefined when this kernel has no such setting
 */
export function readNetfilterSetting(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/net/netfilter/${name}`, "latin1"));
  } catch {
    return undefined;
  }
}
