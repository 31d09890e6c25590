import { readFileSync, writeFileSync } from "node:fs";
import { errorCode, KernelError } from "./kernel-error.ts";

/** The settings of net.netfilter that we read or write; all hold one whole number. */
export type NetfilterSetting =
  | "nf_conntrack_expect_max"
  | "nf_conntrack_count"
  | "nf_conntrack_max"
  | "nf_conntrack_buckets"
  | "nf_conntrack_helper"
  | "nf_conntrack_events"
  | "nf_conntrack_udp_timeout"
  | "nf_conntrack_udp_timeout_stream"
  | "nf_conntrack_tcp_timeout_established"
  | "nf_conntrack_tcp_be_liberal"
  | "nf_conntrack_tcp_loose";

/**
 * Returns the value of net.netfilter.`name` in this network namespace; undefined when the kernel has no such
 * setting (nf_conntrack not loaded; nf_conntrack_helper is gone since Linux 6.0).
 */
export function readNetfilterSetting(name: NetfilterSetting): number | undefined {
  try {
    return Number(readFileSync(pathOf(name), "latin1").trim());
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw KernelError.from(`read net.netfilter.${name}`, error);
  }
}

/**
 * Sets net.netfilter.`name`.
 *
 * Throws KernelError: ENOENT when there is no such setting; EACCES or EPERM when it may not be written, as
 * nf_conntrack_expect_max outside the initial network namespace; EINVAL when the value is out of its range.
 */
export function writeNetfilterSetting(name: NetfilterSetting, value: number): void {
  try {
    writeFileSync(pathOf(name), String(value));
  } catch (error) {
    throw KernelError.from(`set net.netfilter.${name} to ${value}`, error);
  }
}

/** Seconds a UDP flow lives after its last packet. */
export interface UdpTimeouts {
  /** Before an answer was seen. */
  readonly unreplied: number;
  /** Once packets went both ways for a while. */
  readonly stream: number;
}

/** Throws KernelError ENOENT when connection tracking is not loaded. */
export function readUdpTimeouts(): UdpTimeouts {
  const unreplied = readNetfilterSetting("nf_conntrack_udp_timeout");
  const stream = readNetfilterSetting("nf_conntrack_udp_timeout_stream");
  if (unreplied === undefined || stream === undefined) {
    throw new KernelError(
      "read UDP timeouts",
      "ENOENT",
      "the kernel has no nf_conntrack; modprobe nf_conntrack",
    );
  }
  return { unreplied, stream };
}

function pathOf(name: NetfilterSetting): string {
  return `/proc/sys/net/netfilter/${name}`;
}
