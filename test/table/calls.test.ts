import { beforeEach, describe, expect, it } from "vitest";
import { Bindings } from "../../src/table/bindings.ts";
import { type Arming, type Call, Calls } from "../../src/table/calls.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { PortPool } from "../../src/table/ports.ts";
import { type MediaTarget, type Stream, wantedKey } from "../../src/table/streams.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";

const TIMERS = { early: 180_000, answered: 7_200_000, linger: 5000, expectation: 300_000 };

/** Records what the table asks for, in the order it asks. */
class Recorder implements Arming {
  readonly asked: string[] = [];
  refuse: string | undefined;
  hasFlows = true;

  arm: Arming["arm"] = (stream, component, wanted, failed) => {
    if (this.refuse !== undefined) return failed(this.refuse);
    stream.master = "present";
    for (const one of wanted) this.asked.push(`arm ${component.kind} ${wantedKey(one)}`);
  };

  disarm: Arming["disarm"] = (_stream, component, wanted) => {
    for (const one of wanted) this.asked.push(`disarm ${component.kind} ${wantedKey(one)}`);
  };

  hasFlow: Arming["hasFlow"] = () => this.hasFlows;

  release: Arming["release"] = (stream) => {
    stream.master = "absent";
    this.asked.push("release");
  };

  /** What was asked for since the last call. */
  take(): string[] {
    return this.asked.splice(0);
  }
}

function target(host: string, port: number, more: Partial<MediaTarget> = {}): MediaTarget {
  return {
    index: 0,
    media: "audio",
    transport: "udp",
    rtp: { host, port },
    rtcp: { host, port: port + 1 },
    mux: false,
    count: 1,
    held: false,
    ...more,
  };
}

describe("Calls", () => {
  let arming: Recorder;
  let wheel: TimerWheel;
  let calls: Calls;
  let call: Call;

  function offer(of: Call, line = target("192.168.50.10", 4000)): Stream {
    const stream = calls.stream(of, line, "203.0.113.2");
    if (typeof stream === "string") throw new Error(stream);
    calls.insideSaid(of, "inside", [stream], [line.mux]);
    calls.settle(of, 0);
    return stream;
  }

  function answer(of: Call, tag: string, line: MediaTarget): void {
    calls.remoteSaid(of, tag, [line]);
    calls.settle(of, 0);
  }

  function flow(stream: Stream, key: string): void {
    for (const component of stream.components) calls.destroyed(stream, component, key, 1000);
  }

  beforeEach(() => {
    arming = new Recorder();
    wheel = new TimerWheel(0);
    const hosts = new InsideHosts();
    const media = new PortPool(2, { first: 10_000, last: 10_099 }, () => false);
    const limits = { calls: 5, streams: 20, streamsPerHost: 10 };
    calls = new Calls(media, wheel, arming, TIMERS, limits, false);
    const signalling = new PortPool(1, { first: 5060, last: 5070 }, () => false);
    const bindings = new Bindings("udp", signalling, hosts, wheel, 10, 600_000, () => undefined);
    const binding = bindings.create(1, { host: "192.168.50.10", port: 5060 }, 0);
    if (typeof binding === "string") throw new Error(binding);
    const made = calls.of(binding, "a84b4c76e66710", 0);
    if (made === undefined) throw new Error("no call was made");
    call = made;
  });

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

  it("lets in only the host an offer from outside named", () => {
    calls.remoteSaid(call, "outside", [target("203.0.113.3", 20_000)]);
    offer(call);
    expect(arming.take()).toEqual([
      "arm rtp in 203.0.113.3",
      "arm rtp out 203.0.113.3 20000",
      "arm rtcp in 203.0.113.3",
      "arm rtcp out 203.0.113.3 20001",
    ]);
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
    flow(stream, "in any");
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
    expect(arming.take()).toEqual(["disarm rtp in 203.0.113.3"]);
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

  it("arms a stream whose flow the kernel has forgotten at the next refresh", () => {
    const stream = offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    flow(stream, "in any");
    arming.take();
    arming.hasFlows = false;
    answer(call, "t1", target("203.0.113.3", 20_000));
    expect(arming.take()).toContain("arm rtp out 203.0.113.3 20000");
  });

  it("leaves flowing audio alone when T.38 is offered, and arms the fax once its stream takes the line", () => {
    const stream = offer(call);
    answer(call, "t1", target("203.0.113.3", 20_000));
    flow(stream, "in any");
    arming.take();
    answer(call, "t1", target("203.0.113.3", 30_000, { media: "image", rtcp: undefined }));
    expect(arming.take()).toEqual([]);
    offer(call, target("192.168.50.10", 4500, { media: "image", rtcp: undefined }));
    expect(arming.take()).toEqual(["arm rtp in 203.0.113.3", "arm rtp out 203.0.113.3 30000"]);
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
    calls.end(call, 0);
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
    calls.end(call, 0);
    calls.revive(call, 0);
    expect(offer(call)).toBe(stream);
    wheel.advance(6000);
    expect(calls.byPort(stream.base)?.stream).toBe(stream);
  });

  it("arms nothing for a call that has ended, whatever is still said in it", () => {
    offer(call);
    calls.end(call, 0);
    arming.take();
    answer(call, "t1", target("203.0.113.3", 20_000));
    calls.answered(call, "inside t1", 0);
    expect(arming.take()).toEqual([]);
    expect(call.phase).toBe("ended");
  });

  it("lasts as long as one of its forks' dialogs does", () => {
    calls.answered(call, "inside t1", 0);
    calls.answered(call, "inside t2", 0);
    calls.dialogOver(call, "inside t1", 0);
    expect(call.phase).toBe("answered");
    calls.dialogOver(call, "inside t2", 0);
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
    flow(stream, "in 203.0.113.3");
    expect(arming.take()).toEqual([]);
    expect(stream.components[0]?.state.kind).toBe("armed");
    flow(stream, "in 203.0.113.3");
    expect(stream.components[0]?.state.kind).toBe("flowing");
  });

  it("refuses more port pairs than the kernel can expect for one master", () => {
    const line = target("192.168.50.10", 4000, { count: 4 });
    expect(calls.stream(call, line, "203.0.113.2")).toBe("too-many-ports");
  });

  it("holds no more calls than it may", () => {
    const made = Array.from({ length: 6 }, (_, index) => calls.of(call.binding, `call ${index}`, 0));
    expect(made.filter((one) => one !== undefined)).toHaveLength(4);
  });

  it("refuses a host more streams than its share", () => {
    for (let index = 0; index < 10; index++) offer(call, target("192.168.50.10", 4000 + 2 * index));
    expect(calls.stream(call, target("192.168.50.10", 6000), "203.0.113.2")).toBe("table-full");
  });

  it("holds nothing armed that the kernel refused", () => {
    arming.refuse = "EMFILE";
    const stream = offer(call);
    expect(stream.components.map(({ state }) => state.kind)).toEqual(["planned", "planned"]);
  });
});
