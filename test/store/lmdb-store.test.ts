import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Store } from "../../src/store/store.ts";
import type { TableRecord } from "../../src/table/record.ts";
import { builtFile } from "../lab/package-root.ts";
import { collectLog } from "./collect-log.ts";
import { binding, call, recordKey } from "./records.ts";

// Its processes are started from built files, so it is tested as built.
const built: typeof import("../../src/store/lmdb-store.ts") = await import(
  builtFile("src/store/lmdb-store.ts")
);
const lmdb: typeof import("lmdb") = await import("lmdb");

// Each life of a store starts two processes.
describe("the LMDB store", { timeout: 60_000 }, () => {
  let folder: string;
  let file: string;
  let log: ReturnType<typeof collectLog>;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sipexpectd-store-"));
    file = join(folder, "table.mdb");
    log = collectLog();
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const open = (): Store => built.openLmdbStore(folder, log.log);
  const put = (record: TableRecord) => ({ key: recordKey(record), record });
  const bindings = (count: number) => Array.from({ length: count }, (_, index) => binding(index));
  const aside = () => readdirSync(folder).filter((name) => name.startsWith("table.mdb.bad-"));

  async function loaded(store: Store): Promise<TableRecord[]> {
    const records: TableRecord[] = [];
    for await (const record of store.load()) records.push(record);
    return records;
  }

  /** One life: loads, keeps these records and nothing else. */
  async function keep(...records: TableRecord[]): Promise<TableRecord[]> {
    const store = open();
    try {
      const before = await loaded(store);
      await store.write(records.map(put));
      await store.settle();
      return before;
    } finally {
      await store.close();
    }
  }

  it("gives the next process what this one has written", async () => {
    const records = [binding(1), call("a\u0000b\u2028c"), call("long".repeat(5000))];
    expect(await keep(...records)).toEqual([]);
    const again = await keep();
    expect(again).toHaveLength(records.length);
    expect(again).toEqual(expect.arrayContaining(records));
    expect(log.lines).toEqual([]);
  });

  it("has the latest of each record, and none that was removed", async () => {
    const store = open();
    await store.write(bindings(3).map(put));
    await store.settle();
    await store.write([put(binding(0, 5070)), { key: recordKey(binding(1)), record: undefined }]);
    await store.close();
    expect(await keep()).toEqual([binding(0, 5070), binding(2)]);
  });

  it("forgets with settle what was loaded and not written again", async () => {
    await keep(...bindings(3));
    await keep(binding(2));
    expect(await keep()).toEqual([binding(2)]);
  });

  it("gives what it gave before when a process ends before it settles", async () => {
    await keep(...bindings(3));
    const store = open();
    await loaded(store);
    await store.write([put(binding(9))]);
    await store.close();
    expect(await keep()).toEqual(bindings(3));
  });

  it("is not opened while another process has it", async () => {
    const store = open();
    expect(open).toThrow(/lock: the store is in use by another sipexpectd \(EBUSY\); stop that one/);
    await store.close();
    await open().close();
  });

  it("says which folder cannot be made", () => {
    writeFileSync(join(folder, "file"), "");
    const below = join(folder, "file", "store");
    expect(() => built.openLmdbStore(below, log.log)).toThrow(
      `${below}: the store's folder cannot be made (ENOTDIR)`,
    );
  });

  it("goes on with another writer when one is killed", async () => {
    const store = open();
    await store.write([put(binding(0))]);
    killWriters();
    await expect(store.write([put(binding(1))])).rejects.toThrow(
      /cannot be written: its process ended with SIGKILL/,
    );
    await store.write([put(binding(1))]);
    await store.settle();
    killWriters();
    await expect(store.write([put(binding(2))])).rejects.toThrow(/SIGKILL/);
    await store.write([put(binding(2))]);
    await store.close();
    expect(await keep()).toEqual(bindings(3));
  });

  it("goes on writing when a terminal or systemd tells all its processes to end", async () => {
    const store = open();
    await store.write([put(binding(0))]);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) killWriters(signal);
    await store.write([put(binding(1))]);
    await store.settle();
    await store.close();
    expect(await keep()).toEqual(bindings(2));
  });

  it("lets nobody else read who called whom", async () => {
    await keep(binding(0));
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  /** Sends a signal to the writers of this process, its only children here. */
  function killWriters(signal: NodeJS.Signals = "SIGKILL"): void {
    const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
    for (const id of children.trim().split(" ")) process.kill(Number(id), signal);
  }

  it("leaves out a record that cannot be read, and says why", async () => {
    await keep(binding(0));
    const raw = lmdb.open({ path: file, noSubdir: true, encoding: "binary", keyEncoding: "binary" });
    raw.putSync(Buffer.from("x y"), Buffer.from('{"kind":"binding"}'));
    await raw.close();
    expect(await keep(binding(0))).toEqual([binding(0)]);
    expect(log.lines).toMatchObject([
      { reason: "transport: has none of its values" },
      { read: 1, unreadable: 1 },
    ]);
    expect(await keep()).toEqual([binding(0)]);
    expect(aside()).toEqual([]);
  });

  it("sets a store of another version aside", async () => {
    await keep(binding(0));
    const raw = lmdb.open({ path: file, noSubdir: true, encoding: "binary", keyEncoding: "binary" });
    raw.putSync(Buffer.from("format"), Buffer.from("99"));
    await raw.close();
    expect(await keep()).toEqual([]);
    expect(log.lines).toMatchObject([{ problem: "its format is 99, and this version writes 1" }]);
    expect(aside()).toHaveLength(1);
  });

  const wholesale: readonly (readonly [string, () => void])[] = [
    ["an empty file", () => truncateSync(file)],
    ["a file cut within its first page", () => truncateSync(file, 1000)],
    ["a file cut in half", () => truncateSync(file, statSync(file).size >> 1)],
    ["a file of something else", () => writeFileSync(file, "# not a database\n".repeat(10_000))],
    [
      "a folder in its place",
      () => {
        rmSync(file);
        mkdirSync(file);
      },
    ],
  ];
  it.each(wholesale)("sets %s aside and begins afresh", async (_, damage) => {
    await keep(...bindings(2000));
    damage();
    const salvaged = await keep(binding(5));
    for (const record of salvaged) expect(bindings(2000)).toContainEqual(record);
    expect(salvaged.length).toBeLessThan(2000);
    expect(log.lines).toMatchObject([{ path: file, aside: join(folder, aside()[0] ?? "") }]);
    expect(await keep()).toEqual([binding(5)]);
  });

  it("survives random bytes anywhere in its file", async () => {
    await keep(...bindings(2000));
    const whole = readFileSync(file);
    for (let seed = 1; seed <= 5; seed++) {
      writeFileSync(file, whole);
      const random = generator(seed);
      const into = openSync(file, "r+");
      for (let place = 0; place < 20; place++) {
        const junk = Buffer.from(Array.from({ length: 64 }, () => random() & 255));
        writeSync(into, junk, 0, junk.length, random() % whole.length);
      }
      await keep(binding(5));
      expect(await keep(), `seed ${seed}`).toEqual([binding(5)]);
    }
    expect(log.lines).not.toEqual([]);
  });

  it("keeps the latest three of what was set aside", async () => {
    for (let round = 0; round < 5; round++) {
      writeFileSync(file, `${round}`);
      await keep();
    }
    const contents = aside().map((name) => readFileSync(join(folder, name), "utf8"));
    expect(contents.sort()).toEqual(["2", "3", "4"]);
  });

  it("keeps what was flushed when its process is killed at any moment", async () => {
    let next = 0;
    for (let round = 0; round < 4; round++) {
      const keeper = spawn(process.execPath, [builtFile("test/store/keep.ts"), folder, `${next}`], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const exited = once(keeper, "exit");
      let flushed = -1;
      for await (const line of createInterface({ input: keeper.stdout })) {
        flushed = Number(line);
        if (flushed >= next + 50) setTimeout(() => keeper.kill("SIGKILL"), Math.random() * 40);
      }
      expect(await exited).toEqual([null, "SIGKILL"]);
      const store = open();
      const hosts = new Set((await loaded(store)).map(({ inside }) => inside.host));
      await store.close();
      for (let index = 0; index <= flushed; index++) expect(hosts).toContain(binding(index).inside.host);
      next = flushed + 1;
    }
    expect(existsSync(file)).toBe(true);
    expect(log.lines).toEqual([]);
  });
});

/** A generator of whole numbers below 2^31, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state >> 3;
  };
}
