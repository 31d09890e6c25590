import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import type { Call } from "../../src/table/call.ts";
import type { EndReason } from "../../src/table/call-ending.ts";
import { type CallLimits, Calls } from "../../src/table/calls.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { unobserved } from "../../src/table/observer.ts";
import { PortPool } from "../../src/table/ports.ts";
import type { Component, Stream } from "../../src/table/streams.ts";
import type { MediaTarget } from "../../src/table/target.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";
import type { SourcePolicy } from "../../src/table/wanted-for.ts";
import { ArmingRecorder, target } from "./arming-recorder.ts";

/** The remote signalling host of every stream. */
export const PEER = "203.0.113.2";

/** Milliseconds. */
export const TIMERS = { early: 180_000, answered: 7_200_000, mediaIdle: 3_600_000, linger: 5000 };

const LIMITS: CallLimits = { calls: 20, streams: 400, streamsPerHost: 10, slots: 1000 };

/** A table of calls, without a kernel, and what it has told. */
export interface CallsAtWork {
  readonly calls: Calls;
  readonly wheel: TimerWheel;
  readonly arming: ArmingRecorder;
  /** Ends of calls by their reasons, evictions and strays, in the order they were told. */
  readonly told: string[];
  /** Call-IDs of which something was to be written behind. */
  readonly written: string[];
  /** Makes a binding of an inside host, on its port 5060. */
  bindingOf(host: string): Binding;
  /** The inside party of a call says one line of media, to the signalling peer PEER. */
  offer(of: Call, line?: MediaTarget): Stream;
  /** A remote party of a call says one line of media. */
  answer(of: Call, tag: string, line: MediaTarget): void;
  /** A packet uses the expectation `key` of a component, and its conntrack with `host`:`port` is made. */
  packet(component: Component, key: string, host: string, port: number): void;
  /** The first packets of a stream from its remote, RTP and RTCP; `key` names the expectation of RTP. */
  flow(stream: Stream, key: string, host?: string, port?: number): void;
}

/** The RTP of a stream, which has one as a rule. */
export function rtpOf({ components: [rtp] }: Stream): Component {
  if (rtp === undefined) throw new Error("The stream has no component.");
  return rtp;
}

/** Makes a table of calls whose media ports are 10000-10999. */
export function makeCalls(
  limits: Partial<CallLimits> = {},
  sources: SourcePolicy = "signalled",
): CallsAtWork {
  const arming = new ArmingRecorder();
  const wheel = new TimerWheel(0);
  const told: string[] = [];
  const written: string[] = [];
  const silent = (): void => undefined;
  const calls = new Calls(
    new PortPool(2, { first: 10_000, last: 10_999 }, () => false),
    wheel,
    arming,
    TIMERS,
    { ...LIMITS, ...limits },
    { renewal: 150_000, sources },
    {
      ...unobserved,
      callChanged: ({ callId }) => written.push(callId),
      callEnded: (_call, why: EndReason) => told.push(why),
      evicted: ({ kind, stream }) => told.push(`evicted ${kind} ${stream.call.callId}`),
      strayed: (_component, remote) => told.push(`stray ${remote}`),
    },
  );
  const signalling = new PortPool(1, { first: 5060, last: 5999 }, () => false);
  const bindings = new Bindings("udp", signalling, new InsideHosts(), wheel, 500, 600_000, {
    changed: silent,
    closed: silent,
  });
  let key = 0;
  const bindingOf = (host: string): Binding => {
    const binding = bindings.create(key++, { host, port: 5060 }, 0);
    if (typeof binding === "string") throw new Error(binding);
    return binding;
  };
  const packet: CallsAtWork["packet"] = (component, key, host, port) => {
    calls.expectations.gone(component, key, 1000);
    calls.expectations.flowBegan(component, { host, port }, 1000, true);
  };
  return {
    calls,
    wheel,
    arming,
    told,
    written,
    bindingOf,
    packet,
    offer(of, line = target("192.168.50.10", 4000)) {
      const stream = calls.stream(of, line, PEER);
      if (typeof stream === "string") throw new Error(stream);
      calls.insideSaid(of, "inside", [stream], [line.mux]);
      calls.settle(of, 0);
      return stream;
    },
    answer(of, tag, line) {
      calls.remoteSaid(of, tag, [line]);
      calls.settle(of, 0);
    },
    flow(stream, key, host = "203.0.113.3", port = 20_000) {
      for (const [index, component] of stream.components.entries()) {
        packet(component, key.replace(String(port), String(port + index)), host, port + index);
      }
    },
  };
}
