import { readdirSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** How many are kept of what was set aside, the latest. */
const KEPT = 3;

/**
 * Renames a file (or whatever stands in its place) to NAME.bad-<time> so that a fresh one can be begun, and
 * removes the oldest of those set aside earlier.
 *
 * @param now milliseconds since the epoch
 * @returns the new path
 * @throws the Error of node:fs when it cannot be renamed
 */
export function setAside(path: string, now: number): string {
  const [folder, prefix] = [dirname(path), `${basename(path)}.bad-`];
  // Without what a shell or another file system would not like; it still sorts by time.
  const time = new Date(now).toISOString().replaceAll(/[:.]/g, "-");
  const aside = join(folder, prefix + time);
  renameSync(path, aside);
  const earlier = readdirSync(folder).filter((name) => name.startsWith(prefix));
  for (const name of earlier.sort().slice(0, -KEPT))
    rmSync(join(folder, name), { recursive: true, force: true });
  return aside;
}
