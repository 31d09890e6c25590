import { beforeEach, describe, expect, it } from "vitest";
import type { ArmFailure } from "../../src/table/arming.ts";
import type { Call } from "../../src/table/call.ts";
import type { Calls } from "../../src/table/calls.ts";
import type { Stream } from "../../src/table/streams.ts";
import { type ArmingRecorder, target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls, PEER, rtpOf } from "./make-calls.ts";

describe("a component whose arming the kernel refuses", () => {
  let arming: ArmingRecorder;
  let calls: Calls;
  let told: string[];
  let written: string[];
  let bindingOf: CallsAtWork["bindingOf"];
  let offer: CallsAtWork["offer"];
  let call: Call;

  beforeEach(() => {
    ({ arming, calls, told, written, bindingOf, offer } = makeCalls());
    call = calls.life.of(bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
  });

  const line = target("192.168.50.10", 4000, { rtcp: undefined });
  const kindOf = (stream: Stream): string | undefined => stream.components[0]?.state.kind;

  it("for a full table, waits, and is armed once there is room", () => {
    arming.refusals.push("full");
    const stream = offer(call, line);
    expect(stream.components[0]?.state).toMatchObject({ kind: "waiting", reason: "kernel-full" });
    expect(calls.slots.waiting).toBe(1);
    calls.expectations.refill(100, true);
    expect(kindOf(stream)).toBe("waiting");
    calls.expectations.refill(250, false);
    expect(kindOf(stream)).toBe("armed");
    expect(calls.slots.waiting).toBe(0);
  });

  it("for a full table, takes the slots of what is less urgent", () => {
    const other = calls.life.of(bindingOf("192.168.50.11"), "ringing", 0);
    offer(other, target("192.168.50.11", 4000, { rtcp: undefined }));
    calls.remoteSaid(call, "t1", [target("203.0.113.3", 20_000, { rtcp: undefined })]);
    arming.refusals.push("full");
    const stream = offer(call, line);
    expect(kindOf(stream)).toBe("armed");
    expect(told).toEqual(["evicted rtp ringing"]);
  });

  it("because another expectation stands for the same packets, does without until the next SDP", () => {
    arming.refusals.push("taken");
    expect(kindOf(offer(call, line))).toBe("planned");
    calls.expectations.refill(250, false);
    expect(arming.take()).toEqual(["refuse rtp"]);
    expect(kindOf(offer(call, line))).toBe("armed");
  });

  it("because the master is gone, makes another", () => {
    arming.refusals.push("master-gone");
    expect(kindOf(offer(call, line))).toBe("armed");
    expect(arming.take()).toEqual(["refuse rtp", "arm rtp in any"]);
  });

  it("because something else has the master's tuple, takes another id and has it written", () => {
    const stream = calls.stream(call, line, PEER);
    if (typeof stream === "string") throw new Error(stream);
    const { id } = stream;
    calls.insideSaid(call, "inside", [stream], [false]);
    written.length = 0;
    arming.refusals.push("id-taken");
    calls.settle(call, 0);
    expect(written).toEqual([call.callId]);
    expect(stream.id).not.toBe(id);
    expect(calls.streams.byMaster(PEER, stream.id)).toBe(stream);
    expect(calls.streams.byMaster(PEER, id)).toBeUndefined();
    expect(kindOf(stream)).toBe("armed");
  });

  it("for a full table, lets nobody of the same urgency make room for what has waited", () => {
    const armed = offer(calls.life.of(bindingOf("192.168.50.11"), "ringing", 0), line);
    arming.refusals.push("full");
    const waiting = offer(call, line);
    expect([armed, waiting].map(kindOf)).toEqual(["waiting", "armed"]);
    told = [];
    arming.refusals.push("full");
    calls.expectations.refill(250, false);
    expect([armed, waiting].map(kindOf)).toEqual(["waiting", "armed"]);
    expect(told).toEqual([]);
  });

  it("because it was busy, tries again later", () => {
    arming.refusals.push("busy");
    const stream = offer(call, line);
    expect(stream.components[0]?.state).toMatchObject({ kind: "waiting", reason: "kernel-busy" });
    calls.expectations.refill(250, false);
    expect(kindOf(stream)).toBe("armed");
  });

  it("again and again, gives up for now", () => {
    arming.refusals.push(...Array<ArmFailure>(10).fill("master-gone"));
    expect(kindOf(offer(call, line))).toBe("waiting");
    expect(arming.take()).toHaveLength(3);
  });

  it("after it was evicted, waits for no event of what never was there", () => {
    ({ arming, calls, told, bindingOf, offer } = makeCalls({ slots: 1 }));
    call = calls.life.of(bindingOf("192.168.50.10"), "evicted", 0);
    arming.later = [];
    const refused = offer(call, line);
    const other = calls.life.of(bindingOf("192.168.50.11"), "other", 0);
    offer(other, target("192.168.50.11", 4000, { rtcp: undefined }));
    expect(kindOf(refused)).toBe("waiting");
    arming.later[0]?.("full");
    calls.life.end(other, "refused", 10);
    calls.expectations.refill(20, false);
    expect(kindOf(refused)).toBe("armed");
    // A packet has used it, and was dropped on its way: it is made anew.
    calls.expectations.gone(rtpOf(refused), "in any", 100);
    arming.take();
    calls.expectations.armAgain(rtpOf(refused), 1100);
    expect(arming.take()).toEqual(["arm rtp in any"]);
  });
});
