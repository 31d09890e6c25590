import { readFileSync } from "node:fs";

/** What a process has used of the machine so far. */
export interface ProcessUsage {
  /** The most memory it had resident at once, MB. */
  readonly peakRss: number;
  /** Seconds of processor time, its own and the kernel's for it. */
  readonly cpu: number;
}

/** The kernel's clock tick for user space (USER_HZ), the same on every architecture that Node runs on. */
const TICKS = 100;

/** Reads the usage of a living process; throws ENOENT when it is no more. */
export function usageOf(pid: number): ProcessUsage {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
  // proc_pid_stat(5): utime and stime are fields 14 and 15; field 2 may contain spaces, and ends with the last ")".
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { peakRss: Math.round(Number(peak) / 1024), cpu: ticks / TICKS };
}
