import { open, type RootDatabase } from "lmdb";

/** The version of what stands in a file; it changes with TableRecord when older records no longer parse. */
export const FORMAT = "1";

/** The key of the version. Those of records hold a space, so it is none of theirs. */
export const FORMAT_KEY = Buffer.from("format");

/** Of addresses, not of memory: LMDB maps this much, and its file grows with what is in it. */
const MAP_BYTES = process.arch.endsWith("64") ? 2 ** 34 : 2 ** 29;

/**
 * Opens an LMDB file: keys are UTF-8 as they are, values the JSON of a record.
 *
 * LMDB maps its file and its lock file and trusts them: on a damaged file or a full disk this process may die of
 * SIGSEGV, SIGBUS or SIGABRT instead of getting an error. So only a process that can be spared opens one.
 *
 * @throws an Error of lmdb when it is no LMDB file, or cannot be made
 */
export function openFile(path: string, readOnly: boolean): RootDatabase<Buffer, Uint8Array> {
  const encoding = { encoding: "binary", keyEncoding: "binary" } as const;
  // overlappingSync would have a commit return before it is on the disk.
  return open({ path, readOnly, noSubdir: true, mapSize: MAP_BYTES, overlappingSync: false, ...encoding });
}
