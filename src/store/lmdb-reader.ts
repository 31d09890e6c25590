/**
 * The program that reads an LMDB file, as a process that can be spared (see lmdb-file.ts): writes the records to
 * standard output, each a line of JSON, and ends with 0 when it has come to the end of them, with UNREADABLE and the
 * reason on standard error when it cannot.
 */
import { writeSync } from "node:fs";
import { FORMAT, FORMAT_KEY, openFile } from "./lmdb-file.ts";

/** Bytes of records gathered for one write. */
const CHUNK = 65_536;
const STDOUT = 1;
const UNREADABLE = 2;
const LF = 0x0a;

const [path = ""] = process.argv.slice(2);
try {
  const file = openFile(path, true);
  const format = file.get(FORMAT_KEY)?.toString() ?? "none";
  if (format !== FORMAT) throw new Error(`its format is ${format}, and this version writes ${FORMAT}`);
  const chunk = Buffer.allocUnsafe(CHUNK);
  let [filled, left] = [0, entries(file.getStats())];
  for (const { key, value } of file.getRange()) {
    left--;
    if (FORMAT_KEY.equals(key)) continue;
    if (filled + value.length + 1 > CHUNK) {
      writeAll(chunk.subarray(0, filled));
      filled = 0;
    }
    if (value.length + 1 > CHUNK) {
      writeAll(Buffer.concat([value, Uint8Array.of(LF)]));
      continue;
    }
    chunk.set(value, filled);
    filled = chunk.writeUInt8(LF, filled + value.length);
  }
  writeAll(chunk.subarray(0, filled));
  if (left !== 0) throw new Error(`${Math.abs(left)} records ${left > 0 ? "are missing" : "too many"}`);
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = UNREADABLE;
}

/** How many LMDB says there are; lmdb does not type its statistics. */
function entries(statistics: { readonly entryCount?: number }): number {
  return statistics.entryCount ?? 0;
}

/** Standard output is a socket in blocking mode here, so it takes all of it, in one piece or several. */
function writeAll(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(STDOUT, bytes, at);
}
