import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../src/table/call.ts";
import type { Stream } from "../../src/table/streams.ts";
import { target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls, TIMERS } from "./make-calls.ts";

const PEER = "203.0.113.2";
const REMOTE = { host: "203.0.113.3", port: 20_000 };
const TRANSACTION = 32_000;
/** A timer of the wheel fires so much late at most. */
const GRANULE = 250;

describe("a call of which nothing more is heard ends", () => {
  let table: CallsAtWork;
  let call: Call;
  let stream: Stream;

  beforeEach(() => {
    table = makeCalls();
    call = table.calls.life.of(table.bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
    const made = table.calls.stream(call, target("192.168.50.10", 4000), PEER);
    if (typeof made === "string") throw new Error(made);
    stream = made;
    table.calls.insideSaid(call, "a", [stream], [false]);
    table.calls.settle(call, 0);
  });

  function answered(now = 0): void {
    table.calls.remoteSaid(call, "b", [target(REMOTE.host, REMOTE.port)]);
    table.calls.settle(call, now);
    table.calls.answered(call, "a b", now);
  }

  function held(): void {
    table.calls.remoteSaid(call, "b", [target("0.0.0.0", REMOTE.port, { held: true })]);
    table.calls.settle(call, 0);
  }

  function flows(now: number): void {
    const [rtp] = stream.components;
    if (rtp !== undefined) table.calls.expectations.flowBegan(rtp, REMOTE, now, true);
  }

  /** It ends at that time and for that reason, not before, and then frees everything. */
  function endsAt(at: number, why: string): void {
    table.wheel.advance(at - 1);
    expect(table.told).toEqual([]);
    table.wheel.advance(at + GRANULE);
    expect(table.told).toEqual([why]);
    expect(table.calls.slots.used).toBe(0);
    table.wheel.advance(at + TIMERS.linger + 3 * GRANULE);
    expect([table.calls.size, table.calls.streams.size]).toEqual([0, 0]);
    expect(table.calls.streams.byPort(stream.base)).toBeUndefined();
  }

  it("unanswered, after the early timer, which a provisional response starts anew", () => {
    table.calls.life.heard(call, 60_000);
    endsAt(60_000 + TIMERS.early, "unanswered");
  });

  it("cancelled, 64 * T1 after a CANCEL that nobody follows up", () => {
    call.cancelledAt = 5000;
    table.calls.life.heard(call, 5000);
    endsAt(5000 + TRANSACTION, "cancelled");
  });

  it("answered with neither media nor SIP, after the idle time of its media", () => {
    answered(1000);
    endsAt(1000 + TIMERS.mediaIdle, "media-idle");
  });

  it("when its media has fallen silent for that time", () => {
    answered();
    flows(1000);
    const [rtp] = stream.components;
    table.wheel.advance(7_000_000);
    expect(table.told).toEqual([]);
    if (rtp !== undefined) table.calls.expectations.flowEnded(rtp, REMOTE, 7_000_000);
    endsAt(7_000_000 + TIMERS.mediaIdle, "media-idle");
  });

  it("never by a clock while its media flows, even past its session", () => {
    answered();
    call.sessionExpires = 90;
    flows(1000);
    table.wheel.advance(20_000_000);
    expect(table.told).toEqual([]);
    expect(table.calls.life.endingOf(call)).toBeUndefined();
  });

  it("on hold, after the time of an answered call", () => {
    answered();
    held();
    endsAt(TIMERS.answered, "silent-on-hold");
  });

  it("when its session was not refreshed", () => {
    answered();
    call.sessionExpires = 90;
    table.calls.life.heard(call, 0);
    endsAt(90_000, "session-expired");
  });

  it("64 * T1 after a 2xx that nobody acknowledges", () => {
    call.unackedSince = 2000;
    answered(2000);
    endsAt(2000 + TRANSACTION, "no-ack");
  });

  it("not for want of an ACK that media shows to have got there", () => {
    call.unackedSince = 0;
    answered();
    flows(1000);
    expect(call.unackedSince).toBeUndefined();
  });

  it("64 * T1 after a 2xx whose ACK would have come to us, even while media flows", () => {
    call.ackPassesHere = true;
    call.unackedSince = 0;
    answered();
    flows(1000);
    endsAt(TRANSACTION, "no-ack");
  });

  it("64 * T1 after a BYE that is not answered", () => {
    answered();
    table.calls.byeSeen(call, "a b", 10_000);
    table.calls.life.heard(call, 10_000);
    endsAt(10_000 + TRANSACTION, "no-response-to-bye");
  });
});
