import { beforeEach, describe, expect, it } from "vitest";
import type { ArmFailure } from "../../src/table/arming.ts";
import type { Binding } from "../../src/table/binding.ts";
import type { Call } from "../../src/table/call.ts";
import type { Calls } from "../../src/table/calls.ts";
import type { Component, MediaTarget, Stream } from "../../src/table/streams.ts";
import type { TimerWheel } from "../../src/table/timer-wheel.ts";
import type { SourcePolicy } from "../../src/table/wanted-for.ts";
import { type ArmingRecorder, target } from "./arming-recorder.ts";
import { makeCalls } from "./make-calls.ts";

const PEER = "203.0.113.2";

describe("Calls", () => {
  let arming: ArmingRecorder;
  let wheel: TimerWheel;
  let calls: Calls;
  let call: Call;
  let told: string[];
  let written: string[];
  let bindingOf: (host: string) => Binding;

  function offer(of: Call, line = target("192.168.50.10", 4000), now = 0): Stream {
    const stream = calls.stream(of, line, PEER);
    if (typeof stream === "string") throw new Error(stream);
    calls.insideSaid(of, "inside", [stream], [line.mux]);
    calls.settle(of, now);
    return stream;
  }

  function answer(of: Call, tag: string, line: MediaTarget): void {
    calls.remoteSaid(of, tag, [line]);
    calls.settle(of, 0);
  }

  /** A packet uses the expectation `key` of a component, and its conntrack with `host`:`port` is made. */
  function packet(component: Component, key: string, host: string, port: number, now = 1000): void {
    calls.expectations.gone(component, key, now);
    calls.expectations.flowBegan(component, { host, port }, now, true);
  }

  /** The first packets of a stream from its remote, RTP and RTCP. */
  function flow(stream: Stream, key: string, host = "203.0.113.3", port = 20_000): void {
    for (const [index, component] of stream.components.entries()) {
      packet(component, key.replace(String(port), String(port + index)), host, port + index);
    }
  }

  function make(slots = 1000, sources: SourcePolicy = "signalled", streamsPerHost = 10, most = 20): void {
    ({ arming, wheel, told, written, calls, bindingOf } = makeCalls(
      { calls: most, streamsPerHost, slots },
      sources,
    ));
    call = calls.of(bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
  }

  beforeEach(() => make());

  it("lets early media in from anywhere while there is no answer", () => {
    offer(call);
    expect(arming.take()).toEqual(["arm rtp in any", "arm rtcp in any"]);
  });

  it("keeps the port of an inside media address over a retransmission and a re-INVITE", () => {
    const first = offer(call);
    arming.take();
    const again = offer(call);
    expect(again).toBe(first);
    expect(arming.take()).toEqual([]);
  });

  it("adds the way out when the answer comes, and keeps what lets early media in", () => {
    offer(call);
    arming.take();
    answer(call, "t1", target("203.0.113.3", 20_000));
    expect(arming.take()).toEqual(["arm rtp out 203.0.113.3 20000", "arm rtcp out 203.0.113.3 20001"]);
  });

  it.each<[SourcePolicy, string[]]>([
    ["signalled", ["in 203.0.113.3", `in ${PEER}`]],
    ["any", ["in any"]],
    ["peer", [`in ${PEER}`]],
  ])("by policy %s, lets in from those an answer allows: %s", (policy, sources) => {
    make(1000, policy);
    calls.remoteSaid(call, "outside", [target("203.0.113.3", 20_000, { rtcp: undefined })]);
    offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    const wanted = [...sources, "out 203.0.113.3 20000"];
    expect(arming.take()).toEqual(wanted.map((one) => `arm rtp ${one}`));
  });

  it("lets nobody but the signalling peer in while there is no answer, where the policy says so", () => {
    make(1000, "peer");
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
    const [rtp] = stream.components;
    if (rtp === undefined) throw new Error("no component");
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
    const [rtp] = stream.components;
    if (rtp === undefined) throw new Error("no component");
    arming.take();
    packet(rtp, "in any", "198.51.100.66", 666);
    expect(arming.take()).toEqual(["arm rtp in any"]);
    expect(told).toEqual(["stray 198.51.100.66"]);
  });

  it("answers strangers' packets at its own pace when they go on and on", () => {
    const stream = offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
    answer(call, "t1", target("203.0.113.3", 20_000, { rtcp: undefined }));
    const [rtp] = stream.components;
    if (rtp === undefined) throw new Error("no component");
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

  it("frees everything of a call that has ended, once its ports have rested", () => {
    const stream = offer(call);
    calls.end(call, "bye", 0);
    expect(arming.take()).toContain("release");
    expect(calls.byPort(stream.base)?.stream).toBe(stream);
    wheel.advance(6000);
    expect(calls.calls).toBe(0);
    expect(calls.streams).toBe(0);
    expect(calls.byPort(stream.base)).toBeUndefined();
    expect(call.binding.host.streams).toBe(0);
  });

  it("gives a retry of a refused call its ports again", () => {
    const stream = offer(call);
    calls.end(call, "bye", 0);
    calls.revive(call, 0);
    expect(offer(call)).toBe(stream);
    wheel.advance(6000);
    expect(calls.byPort(stream.base)?.stream).toBe(stream);
  });

  it("leaves an IPv6 stream its own ports, another host's of the same number beside it", () => {
    const rtcp = { host: "2001:db8::a", port: 4711 };
    const own = calls.of(bindingOf("2001:db8::a"), "own", 0);
    const stream = offer(own, target("2001:db8::a", 6000, { rtcp }));
    const other = offer(calls.of(bindingOf("2001:db8::b"), "other", 0), target("2001:db8::b", 6000));
    expect(stream.components.map(({ port }) => port)).toEqual([6000, 4711]);
    expect(other.components.map(({ port }) => port)).toEqual([6000, 6001]);
    expect(calls.byEndpoint(rtcp)).toBe(stream.components[1]);
    expect(calls.byEndpoint({ host: "2001:db8::b", port: 6000 })).toBe(other.components[0]);
    expect(calls.byPort(6000)).toBeUndefined();
    calls.close(own);
    expect(calls.byEndpoint(rtcp)).toBeUndefined();
    expect(calls.byEndpoint({ host: "2001:db8::b", port: 6000 })).toBe(other.components[0]);
  });

  it("leaves a later call of one IPv6 endpoint in its place when the earlier one ends", () => {
    const line = target("2001:db8::a", 6000);
    const own = calls.of(bindingOf("2001:db8::a"), "own", 0);
    offer(own, line);
    const later = offer(calls.of(own.binding, "later", 0), line);
    calls.close(own);
    expect(calls.byEndpoint(line.rtp)?.stream).toBe(later);
  });

  it("takes out what hosts are affected when the external address is another, and no other", () => {
    offer(calls.of(bindingOf("2001:db8::a"), "own", 0), target("2001:db8::a", 6000));
    arming.take();
    calls.release((host) => host === call.host);
    expect(arming.take()).toEqual([]);
    offer(call, target("192.168.50.10", 4000));
    arming.take();
    calls.release((host) => host === call.host);
    expect(arming.take()).toEqual(["release"]);
  });

  it("arms nothing for a call that has ended, whatever is still said in it", () => {
    offer(call);
    calls.end(call, "bye", 0);
    arming.take();
    answer(call, "t1", target("203.0.113.3", 20_000));
    calls.answered(call, "inside t1", 0);
    expect(arming.take()).toEqual([]);
    expect(call.phase).toBe("ended");
  });

  it("lasts as long as one of its forks' dialogs does", () => {
    calls.answered(call, "inside t1", 0);
    calls.answered(call, "inside t2", 0);
    calls.dialogOver(call, "inside t1", "bye", 0);
    expect(call.phase).toBe("answered");
    calls.dialogOver(call, "inside t2", "bye", 0);
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
    const [rtp] = stream.components;
    if (rtp === undefined) throw new Error("no component");
    calls.expectations.gone(rtp, "in 203.0.113.3", 100);
    expect(calls.slots.used).toBe(6);
    calls.expectations.gone(rtp, "in 203.0.113.3", 100);
    expect(calls.slots.used).toBe(5);
  });

  it("refuses more port pairs than the kernel can expect for one master", () => {
    const line = target("192.168.50.10", 4000, { count: 4 });
    expect(calls.stream(call, line, "203.0.113.2")).toBe("too-many-ports");
  });

  it("has the call heard of longest ago make room, of the host that has most", () => {
    const other = bindingOf("192.168.50.11");
    const lone = calls.of(other, "lone", 0);
    const mine = Array.from({ length: 18 }, (_, index) => calls.of(call.binding, `call ${index}`, 0));
    calls.heard(call, 0);
    calls.of(other, "one more", 0);
    expect(calls.calls).toBe(20);
    expect(calls.find(call.binding, "call 0")).toBeUndefined();
    expect(calls.find(other, "lone")).toBe(lone);
    expect(mine.slice(1).every((one) => calls.find(call.binding, one.callId) === one)).toBe(true);
    expect(told).toEqual(["evicted"]);
  });

  it("has no call make room whose media flows, while there is another", () => {
    flow(offer(call), "in any");
    const mine = Array.from({ length: 19 }, (_, index) => calls.of(call.binding, `call ${index}`, 0));
    calls.of(call.binding, "one more", 0);
    expect(calls.find(call.binding, call.callId)).toBe(call);
    expect(mine.map((one) => calls.find(call.binding, one.callId) === one).indexOf(true)).toBe(1);
  });

  it("has another call make room for a stream of the very one that is heard of longest ago", () => {
    make(1000, "signalled", 400, 1000);
    const busy = calls.of(call.binding, "busy", 0);
    for (let index = 0; index < 399; index++) {
      const of = index < 30 ? busy : calls.of(call.binding, `call ${index}`, 0);
      offer(of, target("192.168.50.10", 4000 + 2 * index));
    }
    offer(call, target("192.168.50.10", 6000));
    expect(typeof calls.stream(call, target("192.168.50.10", 6002), PEER)).toBe("object");
    expect(calls.find(call.binding, call.callId)).toBe(call);
  });

  it("refuses a host more streams than its share", () => {
    for (let index = 0; index < 10; index++) offer(call, target("192.168.50.10", 4000 + 2 * index));
    expect(calls.stream(call, target("192.168.50.10", 6000), PEER)).toBe("table-full");
    const other = calls.of(bindingOf("192.168.50.11"), "another", 0);
    expect(typeof calls.stream(other, target("192.168.50.11", 6000), PEER)).toBe("object");
  });

  it("finds an id among many that an earlier run's streams have", () => {
    make(1000, "signalled", 1000, 1000);
    for (let id = 1; id <= 300; id++) {
      const line = target("192.168.50.10", 20_000 + 2 * id);
      const streams = [{ id, peer: PEER, target: line, base: 10_000 + 2 * id, mux: false }];
      const record = {
        kind: "call",
        transport: "udp",
        inside: call.binding.inside,
        phase: "answered",
      } as const;
      const said = { refreshedAt: 0, sessionExpires: null, dialogs: ["a b"], lines: [], remotes: [] };
      calls.restore(call.binding, { ...record, ...said, callId: `restored ${id}`, streams }, 0, 0);
    }
    expect(calls.streams).toBe(300);
    expect(typeof calls.stream(call, target("192.168.50.10", 4000), PEER)).toBe("object");
  });

  it("frees the streams that the session agreed on no longer names", () => {
    const first = offer(call);
    const second = offer(call, target("192.168.50.10", 5000));
    call.requested("z9hG4bK1");
    calls.agreed(call, undefined, 0);
    expect(calls.byPort(first.base)).toBeDefined();
    call.accepted("z9hG4bK1");
    calls.agreed(call, undefined, 0);
    expect(calls.byPort(first.base)).toBeUndefined();
    expect(calls.byPort(second.base)?.stream).toBe(second);
  });

  describe("when the kernel refuses", () => {
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
      const other = calls.of(bindingOf("192.168.50.11"), "ringing", 0);
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
      expect(calls.byMaster(PEER, stream.id)).toBe(stream);
      expect(calls.byMaster(PEER, id)).toBeUndefined();
      expect(kindOf(stream)).toBe("armed");
    });

    it("for a full table, lets nobody of the same urgency make room for what has waited", () => {
      const armed = offer(calls.of(bindingOf("192.168.50.11"), "ringing", 0), line);
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
  });

  describe("with few slots", () => {
    const inside = (host: string, port = 4000): MediaTarget => target(host, port, { rtcp: undefined });

    function ring(host: string, callId: string): Stream {
      return offer(calls.of(bindingOf(host), callId, 0), inside(host));
    }

    function talk(host: string, callId: string): Stream {
      const made = calls.of(bindingOf(host), callId, 0);
      calls.remoteSaid(made, "t1", [target(PEER, 20_000, { rtcp: undefined })]);
      return offer(made, inside(host));
    }

    function callOf(stream: Stream): Call {
      for (const one of calls.values()) if (one === stream.call) return one;
      throw new Error("The stream has no call.");
    }

    const kinds = (streams: Stream[]): (string | undefined)[] =>
      streams.map(({ components }) => components[0]?.state.kind);

    beforeEach(() => make(4));

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
      calls.end(callOf(second), "bye", 0);
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
      const [rtp] = second.components;
      if (rtp === undefined) throw new Error("no component");
      packet(rtp, `in ${PEER}`, PEER, 20_000);
      calls.expectations.flowEnded(rtp, { host: PEER, port: 20_000 }, 0);
      const third = talk("192.168.50.22", "c");
      expect(kinds([first, second, third])).toEqual(["armed", "waiting", "armed"]);
    });

    it("lets media that has flowed before wait for its like", () => {
      const streams = ["a", "b", "c"].map((name, index) => {
        const stream = talk(`192.168.50.2${index}`, name);
        const [rtp] = stream.components;
        if (rtp === undefined) throw new Error("no component");
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
      const flood = calls.of(bindingOf("192.168.50.66"), "flood", 0);
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
});
