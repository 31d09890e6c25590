import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import type { EndReason } from "../../src/table/call-ending.ts";
import { type CallLimits, Calls } from "../../src/table/calls.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { unobserved } from "../../src/table/observer.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";
import type { SourcePolicy } from "../../src/table/wanted-for.ts";
import { ArmingRecorder } from "./arming-recorder.ts";

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
  return { calls, wheel, arming, told, written, bindingOf };
}
