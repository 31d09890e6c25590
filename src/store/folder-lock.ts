import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "./store-error.ts";

/** Time for the writer of a daemon that was killed to finish what it was told. */
const WAIT_SECONDS = 2;

/**
 * Locks a folder: flock(2) on a file in it, which the kernel lifts when the last process that has the descriptor
 * is gone, however it ended, and which holds across namespaces.
 *
 * Node has no flock(2), so flock(1) takes the lock, on a descriptor it shares with this process.
 *
 * @returns the descriptor; closing it lifts the lock
 * @throws StoreError when another process holds it, or the folder cannot be written
 */
export function lockFolder(folder: string): number {
  const path = join(folder, "lock");
  let file: number;
  try {
    file = openSync(path, "a", 0o600);
  } catch (error) {
    const remedy = "make the folder writable for the daemon, or name another with --store";
    throw StoreError.from(error, path, "the store cannot be written", remedy);
  }
  const { status, error } = spawnSync("flock", ["--wait", `${WAIT_SECONDS}`, "3"], {
    stdio: ["ignore", "ignore", "ignore", file],
  });
  if (status === 0) return file;
  closeSync(file);
  if (error !== undefined) {
    const remedy = "install util-linux, which has the command flock";
    throw StoreError.from(error, path, "the store cannot be locked", remedy);
  }
  const remedy = `stop that one (\`fuser ${path}\` shows it), or name another folder with --store`;
  throw new StoreError(path, "EBUSY", "the store is in use by another sipexpectd", remedy);
}
