import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { atExit } from "./at-exit.ts";

/** The size of the kernel's expectation table: one for all namespaces, writable from the initial one only. */
export const EXPECT_MAX = "/proc/sys/net/netfilter/nf_conntrack_expect_max";

/** Who changed a setting, and what it was before. */
interface Holder {
  readonly pid: number;
  readonly original: string;
}

/**
 * Sets a machine-wide kernel setting for as long as the lab needs it.
 *
 * The original value is kept in a file under the system's temporary folder too, so that a run that was killed
 * outright is repaired by the next one (see repairKernelSetting).
 *
 * @returns a function that restores the original value; it also runs when the process ends
 * Throws when another living run of the lab holds the setting, naming its process.
 */
export function holdKernelSetting(path: string, value: number): () => void {
  repairKernelSetting(path);
  const original = readKernelSetting(path);
  const record = recordOf(path);
  try {
    writeFileSync(record, JSON.stringify({ pid: process.pid, original } satisfies Holder), { flag: "wx" });
  } catch (cause) {
    const holder = readHolder(record);
    if (!holder) throw cause;
    throw new Error(
      `${path} is held by another lab run, process ${holder.pid}; wait for it to end (or delete ${record}).`,
      { cause },
    );
  }
  const restore = atExit(() => {
    writeFileSync(path, original);
    rmSync(record, { force: true });
  });
  writeFileSync(path, String(value));
  return restore;
}

/** Puts back what a killed run of the lab left changed; does nothing while that run still lives. */
export function repairKernelSetting(path: string): void {
  const record = recordOf(path);
  const holder = readHolder(record);
  if (!holder || isAlive(holder.pid)) return;
  writeFileSync(path, holder.original);
  rmSync(record, { force: true });
}

/** The setting's value as the kernel prints it, without the line end. */
export function readKernelSetting(path: string): string {
  return readFileSync(path, "latin1").trim();
}

/** True while a process of that id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function recordOf(path: string): string {
  return join(tmpdir(), `sipexpectd-lab-${basename(path)}.json`);
}

function readHolder(record: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(record, "utf8");
  } catch {
    return undefined;
  }
  return JSON.parse(text) as Holder;
}
