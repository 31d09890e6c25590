/**
 * A life of the store that goes on until it is killed: node keep.js FOLDER FIRST notes bindings from index FIRST on,
 * and says after each flush up to which index all are kept.
 */
import { pino } from "pino";
import { openLmdbStore } from "../../src/store/lmdb-store.ts";
import { WriteBehind } from "../../src/store/write-behind.ts";
import { binding, recordKey } from "./records.ts";

const [folder = "", first = "0"] = process.argv.slice(2);
const log = pino(pino.destination(2));
const store = openLmdbStore(folder, log);
const writing = new WriteBehind(store, log);
for await (const record of store.load())
  writing.note(recordKey(record), () => ({ key: recordKey(record), record }));
writing.settle();
for (let index = Number(first); ; index++) {
  const record = binding(index);
  writing.note(recordKey(record), () => ({ key: recordKey(record), record }));
  if (index % 50 !== 0) continue;
  await writing.flush();
  process.stdout.write(`${index}\n`);
}
