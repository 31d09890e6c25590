/**
 * Measures the store: how long it takes to write and to load bindings, how many changes a second it takes, and the
 * longest that the event loop stands still meanwhile. On a quiet machine:
 * node dist/test/bench/store.js [--million] [--json]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { pino } from "pino";
import { openLmdbStore } from "../../src/store/lmdb-store.ts";
import { WriteBehind } from "../../src/store/write-behind.ts";
import type { BindingRecord } from "../../src/table/record.ts";
import { recordKey } from "../store/records.ts";
import { printAligned, printJson } from "./print-table.ts";

const log = pino({ level: "warn" });

function binding(index: number): BindingRecord {
  const host = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  return {
    kind: "binding",
    transport: "udp",
    inside: { host, port: 5060 },
    port: 1024 + (index % 64_000),
    registrations: [["203.0.113.2 sip:alice@example.com", 1_800_000_000_000]],
    spokeAt: 1_700_000_000_000,
    portless: ["via"],
    isOfConnection: false,
    remotes: ["203.0.113.5"],
  };
}

/** Runs `work` and returns how long it took and the longest pause of the event loop, in milliseconds. */
async function timed(work: () => Promise<void>): Promise<[took: string, pause: string]> {
  const pauses = monitorEventLoopDelay({ resolution: 1 });
  pauses.enable();
  const start = performance.now();
  await work();
  const took = performance.now() - start;
  pauses.disable();
  return [took.toFixed(0), (pauses.max / 1e6).toFixed(0)];
}

const { values: options } = parseArgs({
  options: { million: { type: "boolean" }, json: { type: "boolean" } },
});
const rows: string[][] = [];
for (const count of options.million === true ? [10_000, 100_000, 1_000_000] : [10_000, 100_000]) {
  const folder = mkdtempSync(join(tmpdir(), "sipexpectd-bench-"));
  try {
    const records = Array.from({ length: count }, (_, index) => binding(index));
    const writing = new WriteBehind(openLmdbStore(folder, log), log);
    const noteStart = performance.now();
    for (const record of records) writing.note(recordKey(record), () => ({ key: recordKey(record), record }));
    const perNote = ((performance.now() - noteStart) * 1e6) / count;
    writing.settle();
    const written = await timed(() => writing.flush());
    await writing.close();

    const store = openLmdbStore(folder, log);
    let loaded = 0;
    const read = await timed(async () => {
      for await (const _ of store.load()) loaded++;
    });
    await store.close();
    if (loaded !== count) throw new Error(`${loaded} of ${count} bindings came back`);
    rows.push([`${count}`, perNote.toFixed(0), ...written, ...read]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
const print = options.json === true ? printJson : printAligned;
print({
  name: "store",
  title:
    "nanoseconds to note a binding; milliseconds to write and to load all, and the longest pause meanwhile",
  columns: ["bindings", "note", "written", "pause", "loaded", "pause"],
  rows,
});
