import { beforeEach, describe, expect, it } from "vitest";
import type { Binding } from "../../src/table/binding.ts";
import type { Call } from "../../src/table/call.ts";
import { target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls } from "./make-calls.ts";

const REMOTE = "203.0.113.2";
const MOST = 256;
const BURST = 2 * MOST;
/** Milliseconds. */
const T1 = 500;
const LINES = 32;

describe("a call that an outside host began", () => {
  let table: CallsAtWork;
  let binding: Binding;

  beforeEach(() => {
    table = makeCalls({ calls: 16 * BURST });
    binding = table.bindingOf("192.168.50.10");
  });

  function inbound(callId: string, now = 0, remote = REMOTE): Call {
    return table.calls.life.of(binding, callId, now, remote);
  }

  /** What a remote that fills the memory says in a call: tags, transactions and lines without end. */
  function fill(call: Call): void {
    const lines = Array.from({ length: LINES }, (_, index) => target(REMOTE, 10_000 + 2 * index, { index }));
    for (let tag = 0; tag < 40; tag++) {
      call.requested(`branch ${tag}`);
      table.calls.remoteSaid(call, `tag ${tag}`, lines);
    }
  }

  const linesIn = ({ remotes }: Call): number =>
    [...remotes.values()].reduce((sum, { length }) => sum + length, 0);

  it("holds what one request of it says until the inside party says something", () => {
    const call = inbound("call");
    fill(call);
    expect([...call.remotes.keys()]).toEqual(["tag 39"]);
    expect(call.open).toBe(1);
  });

  it("holds two full SDPs and eight transactions after that, the latest ones", () => {
    const call = inbound("call");
    table.calls.insideSpoke(call);
    fill(call);
    expect([...call.remotes.keys()]).toEqual(["tag 38", "tag 39"]);
    expect(linesIn(call)).toBe(2 * LINES);
    expect(call.open).toBe(8);
  });

  it("makes room for one more of its host when it could have been answered, the oldest first", () => {
    for (let index = 0; index < MOST; index++) inbound(`call ${index}`);
    inbound("call 0", T1 + 1);
    expect(table.told).toEqual([]);
    inbound("one more", T1 + 1);
    expect(table.told).toEqual(["too-many-unanswered"]);
    expect(table.calls.find(binding, "call 0")).toBeUndefined();
    expect(table.calls.size).toBe(MOST);
  });

  it("stays once the inside party has said something, however many more its host begins", () => {
    const spoken = inbound("spoken");
    table.calls.insideSpoke(spoken);
    const other = inbound("another host's", 0, "203.0.113.9");
    const outbound = table.calls.life.of(binding, "outbound", 0);
    for (let index = 0; index < 2 * MOST; index++) inbound(`call ${index}`, index * T1);
    for (const call of [spoken, other, outbound]) expect(table.calls.find(binding, call.callId)).toBe(call);
    expect(table.calls.size).toBe(MOST + 3);
  });

  it("leaves its place when it is over", () => {
    for (let index = 0; index < MOST; index++) inbound(`call ${index}`);
    table.calls.life.close(inbound("call 7"));
    inbound("one more", T1 + 1);
    expect(table.told).toEqual([]);
  });

  it("stays in a burst of its host while it can be answered in time, but for a flood", () => {
    for (let index = 0; index < BURST; index++) inbound(`call ${index}`, index === 0 ? 0 : T1);
    expect(table.told).toEqual([]);
    inbound("one more", T1);
    expect(table.told).toEqual(["too-many-unanswered"]);
    expect(table.calls.find(binding, "call 0")).toBeUndefined();
    expect(table.calls.size).toBe(BURST);
  });
});
