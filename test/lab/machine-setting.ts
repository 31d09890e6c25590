import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { atExit } from "./at-exit.ts";

/** The size of the kernel's expectation table: one for all namespaces, writable from the initial one only. */
export const EXPECT_MAX = "/proc/sys/net/netfilter/nf_conntrack_expect_max";

/** Milliseconds to wait for another run of the lab. */
const PATIENCE = 180_000;

/** Who changed a setting, and what it was before. */
interface Holder {
  readonly pid: number;
  /** Undefined until it has been read: nothing was changed before that. */
  readonly original: string | undefined;
}

/**
 * Sets a machine-wide kernel setting for as long as the lab needs it, after any other run that holds it now.
 *
 * The original value is kept in a file under the system's temporary folder too, so that a run that was killed
 * outright is repaired by the next one (see repairMachineSetting).
 *
 * @param onWait called once if there is another run to wait for, with its process id
 * @returns a function that restores the original value; it also runs when the process ends
 * Rejects when the other run has not let go within three minutes.
 */
export async function holdMachineSetting(
  path: string,
  value: number,
  onWait: (holder: number) => void = () => {},
): Promise<() => void> {
  const record = recordOf(path);
  const deadline = Date.now() + PATIENCE;
  let waiting = false;
  for (let holder = take(path, record); holder; holder = take(path, record)) {
    if (Date.now() > deadline) {
      throw new Error(
        `${path} is still held by process ${holder.pid}, another lab run; end it, or delete ${record}.`,
      );
    }
    if (!waiting) onWait(holder.pid);
    waiting = true;
    await delay(500);
  }
  // Read only now that it is ours: before, it may have been the other run's value.
  const original = readMachineSetting(path);
  const restore = atExit(() => {
    writeFileSync(path, original);
    rmSync(record, { force: true });
  });
  writeDraft(record, { pid: process.pid, original });
  renameSync(draftOf(record), record);
  writeFileSync(path, String(value));
  return restore;
}

/** Puts back what a killed run of the lab left changed; does nothing while that run still lives. */
export function repairMachineSetting(path: string): void {
  const record = recordOf(path);
  const holder = readHolder(record);
  if (!holder || isAlive(holder.pid)) return;
  if (holder.original !== undefined) writeFileSync(path, holder.original);
  rmSync(record, { force: true });
}

/** The setting's value as the kernel prints it, without the line end. */
export function readMachineSetting(path: string): string {
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

/** Takes hold of a setting in this process's name; returns who else holds it, undefined on success. */
function take(path: string, record: string): Holder | undefined {
  repairMachineSetting(path);
  writeDraft(record, { pid: process.pid, original: undefined });
  try {
    // A link is made whole or not at all, so no one ever reads half a record.
    linkSync(draftOf(record), record);
    return undefined;
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    return readHolder(record) ?? take(path, record);
  } finally {
    rmSync(draftOf(record), { force: true });
  }
}

function writeDraft(record: string, holder: Holder): void {
  writeFileSync(draftOf(record), JSON.stringify(holder));
}

function draftOf(record: string): string {
  return `${record}.${process.pid}`;
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
