import { beforeEach, describe, expect, it } from "vitest";
import { journalTo } from "../../src/gateway/journal.ts";
import type { Change } from "../../src/store/store.ts";
import type { ChangeReader } from "../../src/store/write-behind.ts";
import type { Call } from "../../src/table/call.ts";
import type { Journal } from "../../src/table/observer.ts";
import { makeCalls } from "../table/make-calls.ts";

describe("the journal of the table", () => {
  let waiting: Map<unknown, () => Change>;
  let journal: Journal;
  let call: Call;

  /** Whether each change that waits has a record, as the store reads them now. */
  function write(): boolean[] {
    const changes = [...waiting.values()].map((read) => read());
    waiting.clear();
    return changes.map(({ record }) => record !== undefined);
  }

  beforeEach(() => {
    waiting = new Map();
    const store = {
      note: <Thing>(what: Thing, read: ChangeReader<Thing>) => waiting.set(what, () => read(what)),
      forget: (what: unknown) => waiting.delete(what),
    };
    journal = journalTo(store, 0);
    const { calls, bindingOf } = makeCalls();
    call = calls.life.of(bindingOf("192.168.50.10"), "a", 0);
  });

  it("does not tell the store of a call that was over before it was written", () => {
    journal.callChanged(call);
    call.phase = "ended";
    journal.callChanged(call);
    expect(write()).toEqual([]);
    journal.callClosed(call);
    expect(write()).toEqual([]);
  });

  it("removes a call that has ended, and one that was closed before it had", () => {
    journal.callChanged(call);
    expect(write()).toEqual([true]);
    call.phase = "ended";
    journal.callChanged(call);
    expect(write()).toEqual([false]);
    call.phase = "answered";
    journal.callChanged(call);
    journal.callClosed(call);
    expect(write()).toEqual([false]);
  });

  it("keeps no call in memory that is gone, though the store cannot be written", () => {
    journal.callChanged(call);
    for (const read of waiting.values()) read();
    journal.callClosed(call);
    expect([...waiting.keys()]).toEqual([expect.any(String)]);
    journal.bindingChanged(call.binding);
    journal.bindingClosed(call.binding);
    expect([...waiting.keys()]).toEqual([expect.any(String), expect.any(String)]);
  });
});
