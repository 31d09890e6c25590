import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../src/table/call.ts";
import type { Stream } from "../../src/table/streams.ts";
import { target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls, PEER } from "./make-calls.ts";

const REMOTE = target("203.0.113.3", 20_000);

describe("SDP that says what was said before", () => {
  let table: CallsAtWork;
  let call: Call;
  let stream: Stream;

  beforeEach(() => {
    table = makeCalls();
    call = table.calls.life.of(table.bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
    stream = table.offer(call);
    table.answer(call, "outside", REMOTE);
    table.calls.agreed(call, undefined, 0);
    table.calls.answered(call, "inside outside", 0);
    table.arming.take();
    table.written.length = 0;
  });

  /** A re-INVITE, 200 and ACK. */
  function again(now: number, sessionExpires?: number, line = target("192.168.50.10", 4000)): void {
    call.requested(`z9hG4bK${now}`);
    table.offer(call, line);
    table.answer(call, "outside", { ...REMOTE, rtp: { ...REMOTE.rtp } });
    call.accepted(`z9hG4bK${now}`);
    table.calls.agreed(call, sessionExpires, now);
    table.calls.answered(call, "inside outside", now);
  }

  it("asks nothing of the kernel and is not written", () => {
    again(60_000);
    expect(table.arming.take()).toEqual([]);
    expect(table.written).toEqual([]);
    expect(table.calls.life.endingOf(call)?.at).toBe(60_000 + 3_600_000);
  });

  it("arms again what has been used up meanwhile", () => {
    for (const component of stream.components) table.calls.expectations.gone(component, "in any", 0);
    expect(table.calls.slots.used).toBe(2);
    again(1000);
    expect(table.arming.take()).toEqual(
      ["rtp", "rtcp"].flatMap((kind) => [`arm ${kind} in 203.0.113.3`, `arm ${kind} in ${PEER}`]),
    );
  });

  it("is written when its session timer ends more than some seconds later, or is no more", () => {
    again(1000, 1800);
    expect(table.written).toEqual([call.callId]);
    again(9000, 1800);
    expect(table.written).toEqual([call.callId]);
    again(11_000, 1800);
    expect(table.written).toHaveLength(2);
    again(12_000);
    expect(table.written).toHaveLength(3);
    again(90_000);
    expect(table.written).toHaveLength(3);
  });

  it("is written when other media takes over a line, RTCP moves to the RTP port, or a stream is freed", () => {
    again(1000, undefined, target("192.168.50.10", 4000, { media: "image" }));
    expect(table.written.length).toBeGreaterThan(0);
    again(2000);
    table.written.length = 0;
    again(3000, undefined, target("192.168.50.10", 4000, { mux: true }));
    expect(table.written).toEqual([call.callId]);
    again(4000);
    const other = table.calls.stream(call, target("192.168.50.10", 6000), PEER);
    expect(typeof other).toBe("object");
    table.written.length = 0;
    again(5000);
    expect(table.written).toEqual([call.callId]);
    expect(call.streams.size).toBe(1);
  });

  it("is news after another tag has spoken", () => {
    table.answer(call, "fork", target("203.0.113.4", 20_000));
    table.written.length = 0;
    table.answer(call, "outside", REMOTE);
    expect(table.written).toEqual([call.callId]);
    expect([...call.remotes.keys()]).toEqual(["fork", "outside"]);
  });

  it("is what a refused request leaves, and what was proposed is not", () => {
    call.requested("z9hG4bK1");
    table.answer(call, "outside", { ...REMOTE, held: true });
    expect(call.isHeld).toBe(true);
    table.calls.refused(call, "z9hG4bK1", "INVITE", 0);
    expect(call.isHeld).toBe(false);
    expect(call.remotes.get("outside")).toEqual([REMOTE]);
  });
});
