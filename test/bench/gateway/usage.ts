import { readFileSync } from "node:fs";

/** The kernel's clock tick for user space (USER_HZ), the same on every architecture that Node runs on. */
const TICKS = 100;

/** Processor seconds that all of the machine has worked since it began (proc_stat(5)). */
export function busySeconds(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = processorTicks();
  return (user + nice + system + irq + softirq) / TICKS;
}

/**
 * Begins to watch what the host of a virtual machine takes from it; returns what tells, in percent of the time of all
 * processors since then. Latencies of a machine that was stopped for milliseconds are none of what is measured.
 */
export function watchStolen(): () => number {
  const before = processorTicks();
  return () => {
    const passed = processorTicks().map((ticks, index) => ticks - (before[index] ?? 0));
    // What guests of ours used is counted in the first two already.
    const all = passed.slice(0, 8).reduce((sum, ticks) => sum + ticks, 0);
    return (100 * (passed[7] ?? 0)) / all;
  };
}

/** user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice of all processors (proc_stat(5)). */
function processorTicks(): number[] {
  const fields = /^cpu +(.*)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1] ?? "";
  return fields.split(" ").map(Number);
}

/** Megabytes that a process and its children have resident now. */
export function residentMegabytes(pid: number): number {
  const kilobytes = Number(
    /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0,
  );
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean);
  return children.reduce((sum, child) => sum + residentMegabytes(Number(child)), kilobytes / 1024);
}

/** Packets that the kernel has dropped, of all namespaces, because a processor's backlog was full (softnet_stat). */
export function backlogDropped(): number {
  const rows = readFileSync("/proc/net/softnet_stat", "latin1").split("\n").filter(Boolean);
  return rows.reduce((sum, row) => sum + Number.parseInt(row.split(" ")[1] ?? "0", 16), 0);
}

/**
 * Expectations made so far in the network namespace of a process.
 *
 * nf_conntrack_standalone.c ct_cpu_seq_show: a title line, then hexadecimal counters for each processor.
 */
export function expectationsMade(pid: number): number {
  const text = readFileSync(`/proc/${pid}/net/stat/nf_conntrack`, "latin1");
  const [titles = "", ...rows] = text.split("\n").filter(Boolean);
  const column = titles.split(/\s+/).indexOf("expect_create");
  return rows.reduce((sum, row) => sum + Number.parseInt(row.split(/\s+/)[column] ?? "0", 16), 0);
}
