import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../src/table/call.ts";
import type { Calls } from "../../src/table/calls.ts";
import type { Stream } from "../../src/table/streams.ts";
import type { MediaTarget } from "../../src/table/target.ts";
import { target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls, PEER, rtpOf } from "./make-calls.ts";

describe("with few slots, a table", () => {
  let calls: Calls;
  let told: string[];
  let bindingOf: CallsAtWork["bindingOf"];
  let offer: CallsAtWork["offer"];
  let answer: CallsAtWork["answer"];
  let packet: CallsAtWork["packet"];

  beforeEach(() => {
    ({ calls, told, bindingOf, offer, answer, packet } = makeCalls({ slots: 4 }));
  });

  const inside = (host: string, port = 4000): MediaTarget => target(host, port, { rtcp: undefined });

  function ring(host: string, callId: string): Stream {
    return offer(calls.life.of(bindingOf(host), callId, 0), inside(host));
  }

  function talk(host: string, callId: string): Stream {
    const made = calls.life.of(bindingOf(host), callId, 0);
    calls.remoteSaid(made, "t1", [target(PEER, 20_000, { rtcp: undefined })]);
    return offer(made, inside(host));
  }

  function callOf(stream: Stream): Call {
    for (const one of calls.values()) if (one === stream.call) return one;
    throw new Error("The stream has no call.");
  }

  const kinds = (streams: Stream[]): (string | undefined)[] =>
    streams.map(({ components }) => components[0]?.state.kind);

  it("lets offers that ring longest give way to an answer", () => {
    const ringing = ["a", "b", "c", "d"].map((name, index) => ring(`192.168.50.2${index}`, name));
    const talking = talk("192.168.50.30", "talk");
    expect(kinds([...ringing, talking])).toEqual(["waiting", "waiting", "armed", "armed", "armed"]);
    expect(told).toEqual(["evicted rtp a", "evicted rtp b"]);
  });

  it("arms the evicted again when slots are free, what is answered first", () => {
    const [first, second] = [talk("192.168.50.20", "a"), talk("192.168.50.21", "b")];
    const third = talk("192.168.50.22", "c");
    expect(kinds([first, second, third])).toEqual(["waiting", "armed", "armed"]);
    const ringing = ring("192.168.50.23", "d");
    expect(kinds([ringing])).toEqual(["waiting"]);
    calls.life.end(callOf(second), "bye", 0);
    calls.expectations.refill(0, true);
    expect(kinds([first, third, ringing])).toEqual(["armed", "armed", "waiting"]);
  });

  it("arms the evicted again with the next SDP of its call", () => {
    const [first] = [talk("192.168.50.20", "a"), talk("192.168.50.21", "b"), talk("192.168.50.22", "c")];
    if (first === undefined) throw new Error("no stream");
    calls.settle(callOf(first), 0);
    expect(kinds([first])).toEqual(["armed"]);
  });

  it("never evicts an answered stream for one that rings", () => {
    const talking = [talk("192.168.50.20", "a"), talk("192.168.50.21", "b")];
    expect(kinds([ring("192.168.50.22", "c"), ...talking])).toEqual(["waiting", "armed", "armed"]);
  });

  it("lets a call that rings give way to one that rang before it and is answered now", () => {
    const streams = ["a", "b", "c", "d"].map((name, index) => ring(`192.168.50.2${index}`, name));
    const [first] = streams;
    if (first === undefined) throw new Error("no stream");
    answer(callOf(first), "t1", inside(PEER, 20_000));
    expect(kinds(streams)).toEqual(["armed", "waiting", "armed", "armed"]);
    expect(first.components[0]?.state).toMatchObject({ lacks: undefined });
  });

  it("lets another of the same urgency give way to the oldest of them", () => {
    const streams = [talk("192.168.50.20", "a"), talk("192.168.50.21", "b")];
    const [first] = streams;
    if (first === undefined) throw new Error("no stream");
    answer(callOf(first), "t1", inside("203.0.113.9", 20_000));
    expect(kinds(streams)).toEqual(["armed", "waiting"]);
  });

  it("lets what has flowed before give way to what was never heard", () => {
    const [first, second] = [talk("192.168.50.20", "a"), talk("192.168.50.21", "b")];
    const rtp = rtpOf(second);
    packet(rtp, `in ${PEER}`, PEER, 20_000);
    calls.expectations.flowEnded(rtp, { host: PEER, port: 20_000 }, 0);
    const third = talk("192.168.50.22", "c");
    expect(kinds([first, second, third])).toEqual(["armed", "waiting", "armed"]);
  });

  it("lets media that has flowed before wait for its like", () => {
    const streams = ["a", "b", "c"].map((name, index) => {
      const stream = talk(`192.168.50.2${index}`, name);
      const rtp = rtpOf(stream);
      packet(rtp, `in ${PEER}`, PEER, 20_000);
      return { stream, rtp };
    });
    for (const { rtp } of streams) calls.expectations.flowEnded(rtp, { host: PEER, port: 20_000 }, 0);
    expect(kinds(streams.map(({ stream }) => stream))).toEqual(["armed", "armed", "waiting"]);
    const [first] = streams;
    if (first !== undefined) packet(first.rtp, `in ${PEER}`, PEER, 20_000);
    calls.expectations.refill(0, true);
    expect(kinds(streams.map(({ stream }) => stream))).toEqual(["flowing", "armed", "armed"]);
  });

  it("takes the slots of one host that floods it, and of no other", () => {
    const victim = ring("192.168.50.20", "honest");
    const flood = calls.life.of(bindingOf("192.168.50.66"), "flood", 0);
    const lines = Array.from({ length: 9 }, (_, index) => inside("192.168.50.66", 4000 + 2 * index));
    const streams = lines.map((line) => {
      const stream = calls.stream(flood, line, PEER);
      if (typeof stream === "string") throw new Error(stream);
      return stream;
    });
    calls.insideSaid(flood, "inside", streams, []);
    calls.settle(flood, 0);
    expect(kinds([victim])).toEqual(["armed"]);
    expect(calls.slots.used).toBe(4);
  });
});
