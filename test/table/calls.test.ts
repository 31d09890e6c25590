import { beforeEach, describe, expect, it } from "vitest";
import type { Call } from "../../src/table/call.ts";
import type { Calls } from "../../src/table/calls.ts";
import { restoreCall } from "../../src/table/restore-call.ts";
import type { TimerWheel } from "../../src/table/timer-wheel.ts";
import { type ArmingRecorder, target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls, PEER } from "./make-calls.ts";

describe("Calls", () => {
  let arming: ArmingRecorder;
  let wheel: TimerWheel;
  let calls: Calls;
  let told: string[];
  let bindingOf: CallsAtWork["bindingOf"];
  let offer: CallsAtWork["offer"];
  let flow: CallsAtWork["flow"];
  let call: Call;

  function make(...limits: Parameters<typeof makeCalls>): void {
    ({ arming, wheel, calls, told, bindingOf, offer, flow } = makeCalls(...limits));
    call = calls.life.of(bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
  }

  beforeEach(() => make());

  it("keeps the port of an inside media address over a retransmission and a re-INVITE", () => {
    const first = offer(call);
    arming.take();
    const again = offer(call);
    expect(again).toBe(first);
    expect(arming.take()).toEqual([]);
  });

  it("frees everything of a call that has ended, once its ports have rested", () => {
    const stream = offer(call);
    calls.life.end(call, "bye", 0);
    expect(arming.take()).toContain("release");
    expect(calls.streams.byPort(stream.base)?.stream).toBe(stream);
    wheel.advance(6000);
    expect(calls.size).toBe(0);
    expect(calls.streams.size).toBe(0);
    expect(calls.streams.byPort(stream.base)).toBeUndefined();
    expect(call.binding.host.streams).toBe(0);
  });

  it("gives a retry of a refused call its ports again", () => {
    const stream = offer(call);
    calls.life.end(call, "bye", 0);
    calls.revive(call, 0);
    expect(offer(call)).toBe(stream);
    wheel.advance(6000);
    expect(calls.streams.byPort(stream.base)?.stream).toBe(stream);
  });

  it("leaves an IPv6 stream its own ports, another host's of the same number beside it", () => {
    const rtcp = { host: "2001:db8::a", port: 4711 };
    const own = calls.life.of(bindingOf("2001:db8::a"), "own", 0);
    const stream = offer(own, target("2001:db8::a", 6000, { rtcp }));
    const other = offer(calls.life.of(bindingOf("2001:db8::b"), "other", 0), target("2001:db8::b", 6000));
    expect(stream.components.map(({ port }) => port)).toEqual([6000, 4711]);
    expect(other.components.map(({ port }) => port)).toEqual([6000, 6001]);
    expect(calls.streams.byEndpoint(rtcp)).toBe(stream.components[1]);
    expect(calls.streams.byEndpoint({ host: "2001:db8::b", port: 6000 })).toBe(other.components[0]);
    expect(calls.streams.byPort(6000)).toBeUndefined();
    calls.life.close(own);
    expect(calls.streams.byEndpoint(rtcp)).toBeUndefined();
    expect(calls.streams.byEndpoint({ host: "2001:db8::b", port: 6000 })).toBe(other.components[0]);
  });

  it("leaves a later call of one IPv6 endpoint in its place when the earlier one ends", () => {
    const line = target("2001:db8::a", 6000);
    const own = calls.life.of(bindingOf("2001:db8::a"), "own", 0);
    offer(own, line);
    const later = offer(calls.life.of(own.binding, "later", 0), line);
    calls.life.close(own);
    expect(calls.streams.byEndpoint(line.rtp)?.stream).toBe(later);
  });

  it("takes out what hosts are affected when the external address is another, and no other", () => {
    offer(calls.life.of(bindingOf("2001:db8::a"), "own", 0), target("2001:db8::a", 6000));
    arming.take();
    calls.release((host) => host === call.host);
    expect(arming.take()).toEqual([]);
    offer(call, target("192.168.50.10", 4000));
    arming.take();
    calls.release((host) => host === call.host);
    expect(arming.take()).toEqual(["release"]);
  });

  it("lasts as long as one of its forks' dialogs does", () => {
    calls.answered(call, "inside t1", 0);
    calls.answered(call, "inside t2", 0);
    calls.dialogOver(call, "inside t1", "bye", 0);
    expect(call.phase).toBe("answered");
    calls.dialogOver(call, "inside t2", "bye", 0);
    expect(call.phase).toBe("ended");
  });

  it("refuses more port pairs than the kernel can expect for one master", () => {
    const line = target("192.168.50.10", 4000, { count: 4 });
    expect(calls.stream(call, line, "203.0.113.2")).toBe("too-many-ports");
  });

  it("has the call heard of longest ago make room, of the host that has most", () => {
    const other = bindingOf("192.168.50.11");
    const lone = calls.life.of(other, "lone", 0);
    const mine = Array.from({ length: 18 }, (_, index) => calls.life.of(call.binding, `call ${index}`, 0));
    calls.life.heard(call, 0);
    calls.life.of(other, "one more", 0);
    expect(calls.size).toBe(20);
    expect(calls.find(call.binding, "call 0")).toBeUndefined();
    expect(calls.find(other, "lone")).toBe(lone);
    expect(mine.slice(1).every((one) => calls.find(call.binding, one.callId) === one)).toBe(true);
    expect(told).toEqual(["evicted"]);
  });

  it("has no call make room whose media flows, while there is another", () => {
    flow(offer(call), "in any");
    const mine = Array.from({ length: 19 }, (_, index) => calls.life.of(call.binding, `call ${index}`, 0));
    calls.life.of(call.binding, "one more", 0);
    expect(calls.find(call.binding, call.callId)).toBe(call);
    expect(mine.map((one) => calls.find(call.binding, one.callId) === one).indexOf(true)).toBe(1);
  });

  it("has another call make room for a stream of the very one that is heard of longest ago", () => {
    make({ calls: 1000, streamsPerHost: 400 });
    const busy = calls.life.of(call.binding, "busy", 0);
    for (let index = 0; index < 399; index++) {
      const of = index < 30 ? busy : calls.life.of(call.binding, `call ${index}`, 0);
      offer(of, target("192.168.50.10", 4000 + 2 * index));
    }
    offer(call, target("192.168.50.10", 6000));
    expect(typeof calls.stream(call, target("192.168.50.10", 6002), PEER)).toBe("object");
    expect(calls.find(call.binding, call.callId)).toBe(call);
  });

  it("refuses a host more streams than its share", () => {
    for (let index = 0; index < 10; index++) offer(call, target("192.168.50.10", 4000 + 2 * index));
    expect(calls.stream(call, target("192.168.50.10", 6000), PEER)).toBe("table-full");
    const other = calls.life.of(bindingOf("192.168.50.11"), "another", 0);
    expect(typeof calls.stream(other, target("192.168.50.11", 6000), PEER)).toBe("object");
  });

  it("finds an id among many that an earlier run's streams have", () => {
    make({ calls: 1000, streamsPerHost: 1000 });
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
      restoreCall(calls, call.binding, { ...record, ...said, callId: `restored ${id}`, streams }, 0, 0);
    }
    expect(calls.streams.size).toBe(300);
    expect(typeof calls.stream(call, target("192.168.50.10", 4000), PEER)).toBe("object");
  });

  it("keeps a stream that the inside party holds, with nothing expected for it, until it resumes", () => {
    const stream = offer(call);
    stream.held = true;
    calls.insideSaid(call, "inside", [], []);
    calls.settle(call, 0);
    calls.agreed(call, undefined, 0);
    expect(calls.streams.byPort(stream.base)?.stream).toBe(stream);
    expect(calls.slots.used).toBe(0);
    expect(call.isHeld).toBe(true);
  });

  it("frees the streams that the session agreed on no longer names", () => {
    const first = offer(call);
    const second = offer(call, target("192.168.50.10", 5000));
    call.requested("z9hG4bK1");
    calls.agreed(call, undefined, 0);
    expect(calls.streams.byPort(first.base)).toBeDefined();
    call.accepted("z9hG4bK1");
    calls.agreed(call, undefined, 0);
    expect(calls.streams.byPort(first.base)).toBeUndefined();
    expect(calls.streams.byPort(second.base)?.stream).toBe(second);
  });

  it("finds a Call-ID that is seen on several bindings on each, and closes all of one in the order they began", () => {
    const [one, other, third] = ["192.168.50.11", "192.168.50.12", "192.168.50.13"].map(bindingOf);
    if (!one || !other || !third) throw new Error("no binding");
    const on = [one, other].map((binding) => calls.life.of(binding, "hairpin", 0));
    expect([one, other, third].map((binding) => calls.find(binding, "hairpin"))).toEqual([...on, undefined]);
    for (const callId of ["b", "c"]) offer(calls.life.of(one, callId, 0));
    expect(one.calls).toBe(3);
    expect([...calls.values()]).toHaveLength(5);
    const closed: (string | undefined)[] = [];
    const close = calls.life.close.bind(calls.life);
    calls.life.close = (each) => {
      closed.push(each.callId);
      close(each);
    };
    calls.life.closeAll(one);
    expect(closed).toEqual(["hairpin", "b", "c"]);
    expect(one.calls).toBe(0);
    expect(calls.find(one, "hairpin")).toBeUndefined();
    expect(calls.find(other, "hairpin")).toBe(on[1]);
    calls.life.closeAll(other);
    expect(calls.size).toBe(1);
  });
});
