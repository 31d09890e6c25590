import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Change, Store } from "../../src/store/store.ts";
import { WriteBehind } from "../../src/store/write-behind.ts";
import { collectLog } from "./collect-log.ts";
import { binding } from "./records.ts";

/** A store in memory that can be told to fail, and to wait until it is let go on. */
class MemoryStore implements Store {
  readonly batches: (readonly Change[])[] = [];
  readonly events: string[] = [];
  failing = false;
  gate: Promise<void> = Promise.resolve();

  async *load(): AsyncGenerator<never> {}

  async write(changes: readonly Change[]): Promise<void> {
    await this.gate;
    if (this.failing) throw new Error("no space");
    this.batches.push(changes);
    this.events.push("write");
  }

  async settle(): Promise<void> {
    if (this.failing) throw new Error("no space");
    this.events.push("settle");
  }

  async close(): Promise<void> {
    this.events.push("close");
  }

  get changes(): Change[] {
    return this.batches.flat();
  }
}

describe("WriteBehind", () => {
  let store: MemoryStore;
  let writing: WriteBehind;
  let log: ReturnType<typeof collectLog>;

  beforeEach(() => {
    vi.useFakeTimers();
    store = new MemoryStore();
    log = collectLog();
    writing = new WriteBehind(store, log.log);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it("writes by itself, soon after a change", async () => {
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    expect(store.changes).toEqual([]);
    await vi.advanceTimersByTimeAsync(100);
    expect(store.changes).toEqual([{ key: "a", record: binding(1) }]);
  });

  it("reads a record once, as it is when it is written, however often it has changed", async () => {
    let port = 5060;
    const read = vi.fn(() => ({ key: "a", record: binding(1, port) }));
    for (; port < 5070; port++) writing.note("a", read);
    await writing.flush();
    expect(read).toHaveBeenCalledTimes(1);
    expect(store.changes).toEqual([{ key: "a", record: binding(1, 5070) }]);
  });

  it("does not write what is forgotten before, and ends all the same", async () => {
    let open = (): void => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    for (let index = 0; index < 1000; index++) {
      writing.note(index, () => ({ key: `${index}`, record: binding(index) }));
    }
    const flushed = writing.flush();
    await vi.advanceTimersByTimeAsync(0);
    for (let index = 300; index < 1000; index++) writing.forget(index);
    open();
    await flushed;
    expect(store.changes.length).toBe(300);
    expect(writing.statistics).toMatchObject({ waiting: 0, written: 300 });
  });

  it("writes again what has changed while it was being written", async () => {
    let [port, open] = [5060, () => {}];
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const read = () => ({ key: "a", record: binding(1, port) });
    writing.note("a", read);
    await vi.advanceTimersByTimeAsync(100);
    port = 5061;
    writing.note("a", read);
    const flushed = writing.flush();
    open();
    await flushed;
    expect(store.changes.map(({ record }) => record)).toEqual([binding(1, 5060), binding(1, 5061)]);
    expect(writing.statistics).toMatchObject({ waiting: 0, lag: 0, written: 2 });
  });

  it("writes what has changed again before what was noted after it, and next time only", async () => {
    let open = (): void => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    const note = (index: number): void => writing.note(index, () => ({ key: `${index}`, record: undefined }));
    for (let index = 0; index < 300; index++) note(index);
    const flushed = writing.flush();
    await vi.advanceTimersByTimeAsync(0);
    note(1000);
    for (const index of [1, 0]) note(index);
    writing.forget(299);
    open();
    await flushed;
    expect(store.changes.map(({ key }) => Number(key))).toEqual(
      Array.from({ length: 299 }, (_, index) => index),
    );
    expect(writing.statistics).toMatchObject({ waiting: 3, written: 299 });
    await writing.flush();
    expect(store.changes.slice(299).map(({ key }) => key)).toEqual(["0", "1", "1000"]);
  });

  it("writes many changes in batches, so that no turn of the event loop is long", async () => {
    for (let index = 0; index < 1000; index++)
      writing.note(`${index}`, () => ({ key: `${index}`, record: binding(index) }));
    await writing.flush();
    expect(Math.max(...store.batches.map((batch) => batch.length))).toBeLessThanOrEqual(256);
    expect(new Set(store.changes.map(({ key }) => key)).size).toBe(1000);
  });

  it("loses nothing to a store that fails, and says so once a minute", async () => {
    store.failing = true;
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    writing.note("b", () => ({ key: "b", record: undefined }));
    await vi.advanceTimersByTimeAsync(50_000);
    expect(writing.statistics.failures).toBeGreaterThan(5);
    expect(writing.statistics).toMatchObject({ waiting: 2, written: 0 });
    expect(writing.statistics.lag).toBeGreaterThan(0);
    expect(log.lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(log.lines).toHaveLength(2);
    store.failing = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.changes).toEqual([
      { key: "a", record: binding(1) },
      { key: "b", record: undefined },
    ]);
    expect(writing.statistics.waiting).toBe(0);
  });

  it("tells whoever waits for it that nothing could be written", async () => {
    store.failing = true;
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    await expect(writing.flush()).rejects.toThrow("no space");
  });

  it("settles after all that was noted before, as soon as that could be written", async () => {
    store.failing = true;
    for (let index = 0; index < 300; index++)
      writing.note(`${index}`, () => ({ key: `${index}`, record: binding(index) }));
    writing.settle();
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.events).toEqual([]);
    store.failing = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(store.events).toEqual(["write", "write", "settle"]);
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    await writing.flush();
    expect(store.events).toEqual(["write", "write", "settle", "write"]);
  });

  it("settles a table that is empty", async () => {
    writing.settle();
    await vi.advanceTimersByTimeAsync(100);
    expect(store.events).toEqual(["settle"]);
  });

  it("settles though it was told so while all that waits was being written", async () => {
    let open = (): void => {};
    store.gate = new Promise((resolve) => {
      open = resolve;
    });
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    await vi.advanceTimersByTimeAsync(100);
    writing.settle();
    open();
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.events).toEqual(["write", "settle"]);
  });

  it("writes what waits when it is closed, and nothing that is noted later", async () => {
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    const closed = writing.close();
    writing.note("b", () => ({ key: "b", record: binding(2) }));
    await closed;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.changes.map(({ key }) => key)).toEqual(["a"]);
    expect(store.events).toEqual(["write", "close"]);
  });

  it("closes a store that fails, and says what is lost", async () => {
    store.failing = true;
    writing.note("a", () => ({ key: "a", record: binding(1) }));
    await writing.close();
    expect(store.events).toEqual(["close"]);
    expect(log.lines.at(-1)).toMatchObject({ lost: 1 });
  });
});
