import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../src/table/call.ts";
import type { Calls } from "../../src/table/calls.ts";
import type { TimerWheel } from "../../src/table/timer-wheel.ts";
import type { SourcePolicy } from "../../src/table/wanted-for.ts";
import { type ArmingRecorder, target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls, PEER, rtpOf } from "./make-calls.ts";

describe("Expectations", () => {
  let arming: ArmingRecorder;
  let wheel: TimerWheel;
  let calls: Calls;
  let told: string[];
  let offer: CallsAtWork["offer"];
  let answer: CallsAtWork["answer"];
  let packet: CallsAtWork["packet"];
  let flow: CallsAtWork["flow"];
  let bindingOf: CallsAtWork["bindingOf"];
  let call: Call;

  function make(...limits: Parameters<typeof makeCalls>): void {
    ({ arming, wheel, calls, told, offer, answer, packet, flow, bindingOf } = makeCalls(...limits));
    call = calls.life.of(bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
  }

  beforeEach(() => make());

  it("lets early media in from anywhere while there is no answer", () => {
    offer(call);
    expect(arming.take()).toEqual(["arm rtp in any", "arm rtcp in any"]);
  });

  it("adds the way out when the answer comes, and keeps what lets early media in", () => {
    offer(call);
    arming.take();
    answer(call, "t1", target("203.0.113.3", 20_000));
    expect(arming.take()).toEqual(["arm rtp out 203.0.113.3 20000", "arm rtcp out 203.0.113.3 20001"]);
  });

  it("lets early media in again when a call that had an answer is refused and tried again", () => {
    offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    calls.life.end(call, "refused", 10);
    arming.take();
    calls.revive(call, 20);
    offer(call);
    expect(arming.take()).toEqual(["arm rtp in any", "arm rtcp in any"]);
  });

  it.each<[SourcePolicy, string[]]>([
    ["signalled", ["in 203.0.113.3", `in ${PEER}`]],
    ["any", ["in any"]],
    ["peer", [`in ${PEER}`]],
  ])("by policy %s, lets in from those an answer allows: %s", (policy, sources) => {
    make({}, policy);
    calls.remoteSaid(call, "outside", [target("203.0.113.3", 20_000, { rtcp: undefined })]);
    offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    const wanted = [...sources, "out 203.0.113.3 20000"];
    expect(arming.take()).toEqual(wanted.map((one) => `arm rtp ${one}`));
  });

  it("lets nobody but the signalling peer in while there is no answer, where the policy says so", () => {
    make({}, "peer");
    offer(call);
    expect(arming.take()).toEqual([`arm rtp in ${PEER}`, `arm rtcp in ${PEER}`]);
  });

  it("arms the answer of every fork", () => {
    offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    arming.take();
    answer(call, "t2", target("203.0.113.4", 30_000));
    expect(arming.take()).toEqual(["arm rtp out 203.0.113.4 30000", "arm rtcp out 203.0.113.4 30001"]);
  });

  it("goes on waiting for the other forks when the early media of one has come", () => {
    const stream = offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    answer(call, "t2", target("203.0.113.4", 30_000));
    arming.take();
    flow(stream, "in any");
    expect(arming.take()).toEqual(["arm rtp in any", "arm rtcp in any"]);
    calls.answered(call, "inside t2", 0);
    calls.chooseFork(call, "t2", 0);
    expect(arming.take()).toEqual(["disarm rtp out 203.0.113.3 20000", "disarm rtcp out 203.0.113.3 20001"]);
    flow(stream, "in any", "203.0.113.4", 30_000);
    expect(arming.take()).toEqual(["disarm rtp out 203.0.113.4 30000", "disarm rtcp out 203.0.113.4 30001"]);
  });

  it("arms no RTCP of its own when both sides multiplex it", () => {
    offer(call, target("192.168.50.10", 4000, { mux: true }));
    arming.take();
    answer(call, "t1", target("203.0.113.3", 20_000, { mux: true }));
    expect(arming.take()).toEqual(["arm rtp out 203.0.113.3 20000", "disarm rtcp in any"]);
  });

  it("sends nothing to a remote on hold", () => {
    calls.remoteSaid(call, "outside", [target("0.0.0.0", 20_000, { held: true })]);
    offer(call);
    expect(arming.take()).toEqual([]);
  });

  it("takes the twin out as soon as media flows, and arms nothing for a refresh of the same session", () => {
    calls.remoteSaid(call, "outside", [target("203.0.113.3", 20_000)]);
    const stream = offer(call);
    arming.take();
    flow(stream, "out 203.0.113.3 20000");
    expect(arming.take()).toEqual(
      ["rtp", "rtcp"].flatMap((kind) => [`disarm ${kind} in 203.0.113.3`, `disarm ${kind} in ${PEER}`]),
    );
    expect(calls.slots.used).toBe(0);
    answer(call, "outside", target("203.0.113.3", 20_000));
    expect(arming.take()).toEqual([]);
  });

  it("arms nothing for a refresh of a session that let early media in from anywhere", () => {
    const stream = offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    flow(stream, "in any");
    arming.take();
    offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    expect(arming.take()).toEqual([]);
  });

  it("arms a stream again as soon as its flow has ended", () => {
    const stream = offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    flow(stream, "in any");
    arming.take();
    for (const [index, component] of stream.components.entries()) {
      calls.expectations.flowEnded(component, { host: "203.0.113.9", port: 20_000 }, 2000);
      calls.expectations.flowEnded(component, { host: "203.0.113.3", port: 20_000 + index }, 2000);
    }
    expect(arming.take()).toEqual([
      "arm rtp in any",
      "arm rtp out 203.0.113.3 20000",
      "arm rtcp in any",
      "arm rtcp out 203.0.113.3 20001",
    ]);
  });

  it("keeps the way out for a remote that sends from another port than it named", () => {
    calls.remoteSaid(call, "outside", [target("203.0.113.3", 20_000, { rtcp: undefined })]);
    const stream = offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    const rtp = rtpOf(stream);
    arming.take();
    packet(rtp, "in 203.0.113.3", "203.0.113.3", 31_000);
    expect(arming.take()).toEqual(["arm rtp in 203.0.113.3"]);
    packet(rtp, "out 203.0.113.3 20000", "203.0.113.3", 20_000);
    expect(arming.take()).toEqual(["disarm rtp in 203.0.113.2", "disarm rtp in 203.0.113.3"]);
    expect(rtp.state.kind).toBe("flowing");
  });

  it("is not cost an expectation by a stranger's packet", () => {
    const stream = offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    answer(call, "t1", target("203.0.113.3", 20_000, { rtcp: undefined }));
    const rtp = rtpOf(stream);
    arming.take();
    packet(rtp, "in any", "198.51.100.66", 666);
    expect(arming.take()).toEqual(["arm rtp in any"]);
    expect(told).toEqual(["stray 198.51.100.66"]);
  });

  it("answers strangers' packets at its own pace when they go on and on", () => {
    const stream = offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    answer(call, "t1", target("203.0.113.3", 20_000, { rtcp: undefined }));
    const rtp = rtpOf(stream);
    arming.take();
    for (let port = 1; port <= 100; port++) packet(rtp, "in any", "198.51.100.66", port);
    expect(arming.take()).toHaveLength(16);
    wheel.advance(3000);
    expect(arming.take()).toContain("arm rtp in any");
  });

  it("makes an expectation anew when the packet that used it was dropped on its way", () => {
    const stream = offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    arming.take();
    for (const component of stream.components) calls.expectations.gone(component, "in any", 100);
    expect(arming.take()).toEqual([]);
    wheel.advance(2000);
    expect(arming.take()).toContain("arm rtp in any");
  });

  it("renews what it waits for while the call lasts", () => {
    offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    arming.take();
    wheel.advance(151_000);
    expect(arming.take()).toEqual(["renew rtp in any"]);
  });

  it("leaves flowing audio alone when T.38 is offered, and arms the fax once its stream takes the line", () => {
    const stream = offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    flow(stream, "in any");
    arming.take();
    answer(call, "t1", target("203.0.113.3", 30_000, { media: "image", rtcp: undefined }));
    expect(arming.take()).toEqual([]);
    offer(call, target("192.168.50.10", 4500, { media: "image", rtcp: undefined }));
    expect(arming.take()).toEqual([
      "arm rtp in 203.0.113.3",
      `arm rtp in ${PEER}`,
      "arm rtp out 203.0.113.3 30000",
    ]);
  });

  it("arms a fax on the port that the call's audio had", () => {
    offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    arming.take();
    offer(call, target("192.168.50.10", 4000, { media: "image" }));
    answer(call, "t1", target("203.0.113.3", 30_000, { media: "image", rtcp: undefined }));
    expect(arming.take()).toContain("arm rtp out 203.0.113.3 30000");
  });

  it("arms a flowing stream anew when a re-INVITE moves the remote", () => {
    calls.remoteSaid(call, "outside", [target("203.0.113.3", 20_000)]);
    const stream = offer(call);
    flow(stream, "out 203.0.113.3 20000");
    arming.take();
    answer(call, "outside", target("203.0.113.9", 40_000));
    expect(arming.take()).toContain("arm rtp out 203.0.113.9 40000");
  });

  it("arms nothing for a call that has ended, whatever is still said in it", () => {
    offer(call);
    calls.life.end(call, "bye", 0);
    arming.take();
    answer(call, "t1", target("203.0.113.3", 20_000));
    calls.answered(call, "inside t1", 0);
    expect(arming.take()).toEqual([]);
    expect(call.phase).toBe("ended");
  });

  it("keeps a stream that two lines name when one of the two is rejected", () => {
    const stream = offer(call);
    calls.insideSaid(call, "inside", [stream, stream], [false, false]);
    arming.take();
    const refused = target("203.0.113.3", 0, { index: 1 });
    calls.remoteSaid(call, "t1", [target("203.0.113.3", 20_000), refused]);
    calls.settle(call, 0);
    expect(arming.take()).toEqual(["arm rtp out 203.0.113.3 20000", "arm rtcp out 203.0.113.3 20001"]);
  });

  it("sends no RTCP toward a line that was rejected", () => {
    calls.remoteSaid(call, "t1", [target("203.0.113.3", 0)]);
    offer(call);
    expect(arming.take()).toEqual([]);
  });

  it("does not take the event of its own deletion for media that flows", () => {
    calls.remoteSaid(call, "t1", [target("203.0.113.3", 20_000)]);
    const stream = offer(call);
    answer(call, "t1", target("0.0.0.0", 20_000, { held: true }));
    answer(call, "t1", target("203.0.113.3", 20_000));
    arming.take();
    const rtp = rtpOf(stream);
    calls.expectations.gone(rtp, "in 203.0.113.3", 100);
    expect(calls.slots.used).toBe(6);
    calls.expectations.gone(rtp, "in 203.0.113.3", 100);
    expect(calls.slots.used).toBe(5);
  });
});
