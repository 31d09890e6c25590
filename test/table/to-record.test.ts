import { describe, expect, it } from "vitest";
import { restoreCall } from "../../src/table/restore-call.ts";
import type { Stream } from "../../src/table/streams.ts";
import { callRecord } from "../../src/table/to-record.ts";
import { target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls } from "./make-calls.ts";

const PHONE = "192.168.50.10";
const PEER = "203.0.113.2";
/** Milliseconds since the epoch at which the clocks of the first and the second run were 0. */
const EPOCHS = [1_700_000_000_000, 1_700_000_090_000] as const;

/** A call with a line it has no stream for, two streams, and two forks of which one rejects the first line. */
function talk({ calls, bindingOf }: CallsAtWork): ReturnType<typeof calls.life.of> {
  const call = calls.life.of(bindingOf(PHONE), "a84b4c76e66710", 0);
  const [first, second] = [target(PHONE, 4000), target(PHONE, 4002, { index: 2, media: "video", mux: true })];
  const streams = [first, second].map((line): Stream => {
    const made = calls.stream(call, line, PEER);
    if (typeof made === "string") throw new Error(made);
    return made;
  });
  calls.insideSaid(call, "inside", [streams[0], undefined, streams[1]], [false, false, true]);
  calls.remoteSaid(call, "one", [target("203.0.113.3", 20_000)]);
  calls.remoteSaid(call, "two", [
    target("203.0.113.4", 0),
    undefined,
    target("203.0.113.4", 20_002, { index: 2, media: "video" }),
  ]);
  calls.answered(call, "inside one", 1000);
  calls.agreed(call, 1800, 1000);
  calls.settle(call, 1000);
  return call;
}

describe("a call that was recorded and put back", () => {
  it("has the same record, and asks the kernel for the same", () => {
    const [before, after] = [makeCalls(), makeCalls()];
    const record = callRecord(talk(before), EPOCHS[0]);
    const call = restoreCall(
      after.calls,
      after.bindingOf(PHONE),
      JSON.parse(JSON.stringify(record)),
      -EPOCHS[1],
      500,
    );
    if (call === undefined) throw new Error("It was not put back.");
    expect(callRecord(call, EPOCHS[1])).toEqual(record);
    after.calls.settle(call, 500);
    expect(after.arming.take()).toEqual(before.arming.take());
    expect(after.calls.life.endingOf(call)?.why).toBe(before.calls.life.endingOf(call)?.why);
  });

  it("carries the fax that has taken over its audio's port", () => {
    const [before, after] = [makeCalls(), makeCalls()];
    const call = talk(before);
    const fax = target(PHONE, 4000, { media: "image", rtcp: undefined });
    const stream = before.calls.stream(call, fax, PEER);
    if (typeof stream === "string") throw new Error(stream);
    before.calls.insideSaid(call, "inside", [stream], [false]);
    before.calls.remoteSaid(call, "one", [
      target("203.0.113.3", 20_000, { media: "image", rtcp: undefined }),
    ]);
    before.calls.settle(call, 2000);
    const restored = restoreCall(after.calls, after.bindingOf(PHONE), callRecord(call, 0), 0, 0);
    if (restored === undefined) throw new Error("It was not put back.");
    after.calls.settle(restored, 2000);
    expect(after.arming.take()).toContain("arm rtp out 203.0.113.3 20000");
  });

  it("is not put back twice, nor where its ports are another's", () => {
    const [before, after] = [makeCalls(), makeCalls()];
    const record = callRecord(talk(before), 0);
    const binding = after.bindingOf(PHONE);
    const [stream] = record.streams;
    if (stream === undefined) throw new Error("no stream");
    const other = { ...record, callId: "other", streams: [{ ...stream, id: stream.id === 1 ? 2 : 1 }] };
    expect(restoreCall(after.calls, binding, other, 0, 0)?.streams.size).toBe(1);
    const call = restoreCall(after.calls, binding, record, 0, 0);
    expect(call && [...call.streams.values()].map(({ base }) => base)).toEqual([record.streams[1]?.base]);
    expect(restoreCall(after.calls, binding, record, 0, 0)).toBeUndefined();
    expect(after.calls.size).toBe(2);
  });
});
