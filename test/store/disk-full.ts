/**
 * Lives of the store on a disk that is full, then has room, is full again, and has room again: node disk-full.js
 * FOLDER, which is a small file system of its own. Prints what came of it, as JSON.
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openLmdbStore } from "../../src/store/lmdb-store.ts";
import { WriteBehind } from "../../src/store/write-behind.ts";
import { collectLog } from "./collect-log.ts";
import { binding, recordKey } from "./records.ts";

const [folder = ""] = process.argv.slice(2);
const filler = join(folder, "filler");
const { log, lines } = collectLog();

function fill(): void {
  try {
    writeFileSync(filler, Buffer.alloc(64 << 20));
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

async function refused(writing: WriteBehind): Promise<string> {
  try {
    await writing.flush();
    return "nothing";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

function note(writing: WriteBehind, first: number, last: number): void {
  for (let index = first; index < last; index++) {
    const record = binding(index);
    const key = recordKey(record);
    writing.note(key, () => ({ key, record }));
  }
}

fill();
const writing = new WriteBehind(openLmdbStore(folder, log), log);
note(writing, 0, 1000);
writing.settle();
const atStart = { refused: await refused(writing), waiting: writing.statistics.waiting };
rmSync(filler);
await writing.flush();
fill();
note(writing, 1000, 5000);
const later = {
  refused: await refused(writing),
  kept: writing.statistics.waiting + writing.statistics.written,
};
rmSync(filler);
await writing.flush();
await writing.close();

const store = openLmdbStore(folder, log);
let loaded = 0;
for await (const _ of store.load()) loaded++;
await store.close();
process.stdout.write(JSON.stringify({ atStart, later, loaded, logged: lines.length }));
