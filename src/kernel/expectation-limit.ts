import { KernelError } from "./kernel-error.ts";
import { readNetfilterSetting, writeNetfilterSetting } from "./sysctl.ts";

/** The kernel's limit of pending expectations, all helpers and network namespaces together. */
export interface ExpectationLimit {
  readonly limit: number;
  /** What it was before it was raised; undefined when it was left as it was. */
  readonly before: number | undefined;
  /** Errno name of what kept it from being raised: EACCES or EROFS outside the initial network namespace. */
  readonly refused: string | undefined;
}

/**
 * Raises nf_conntrack_expect_max to `wanted`; a limit that is higher stays.
 *
 * Throws KernelError ENOENT when connection tracking is not loaded.
 */
export function raiseExpectationLimit(wanted: number): ExpectationLimit {
  const limit = readNetfilterSetting("nf_conntrack_expect_max");
  if (limit === undefined) {
    const detail = "the kernel has no nf_conntrack; modprobe nf_conntrack";
    throw new KernelError("read the expectation limit", "ENOENT", detail);
  }
  if (limit >= wanted) return { limit, before: undefined, refused: undefined };
  try {
    writeNetfilterSetting("nf_conntrack_expect_max", wanted);
    return { limit: wanted, before: limit, refused: undefined };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { limit, before: undefined, refused: error.code };
  }
}

/**
 * What makes a limit last over a restart of the machine. A line in sysctl.d alone does not: it is read before the
 * module is there. The module's own parameter does, as nf_conntrack_expect_init takes 4 times the buckets for the
 * limit (net/netfilter/nf_conntrack_expect.c), and the buckets cannot be changed later.
 */
export function lastingLimit(limit: number): { readonly modprobe: string; readonly sysctl: string } {
  return {
    modprobe: `/etc/modprobe.d/sipexpectd.conf: options nf_conntrack expect_hashsize=${Math.ceil(limit / 4)}`,
    sysctl:
      `/etc/sysctl.d/60-sipexpectd.conf: net.netfilter.nf_conntrack_expect_max = ${limit}` +
      " (of use only with nf_conntrack in /etc/modules-load.d/: at boot sysctl.d is read before the module is there)",
  };
}
