import { beforeEach, expect, it } from "vitest";
import { externalAddress } from "../../src/gateway/external-address.ts";
import { StrayEntries } from "../../src/gateway/stray-entries.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { Counters } from "../../src/observe/counters.ts";
import type { Call } from "../../src/table/call.ts";
import type { Component } from "../../src/table/streams.ts";
import { target } from "../table/arming-recorder.ts";
import { type CallsAtWork, makeCalls, rtpOf } from "../table/make-calls.ts";

const REMOTE = target("203.0.113.3", 20_000, { rtcp: undefined });

let table: CallsAtWork;
let stray: StrayEntries;
let asked: FlowTuple[];

/** How many flows were looked up at each of these times, in milliseconds. */
function lookedUp(...times: readonly number[]): number[] {
  return times.map((now) => {
    stray.check(now);
    return asked.splice(0).length;
  });
}

beforeEach(() => {
  table = makeCalls();
  asked = [];
  const conntrack = {
    lookup: (flow: FlowTuple) => {
      asked.push(flow);
      return undefined;
    },
    remove: () => ({ kind: "absent" }) as const,
  };
  const external = externalAddress("203.0.113.1", undefined);
  stray = new StrayEntries(
    conntrack,
    () => external,
    new Counters(),
    () => undefined,
    () => undefined,
  );
});

function answeredCall(callId: string): { readonly call: Call; readonly rtp: Component } {
  const call = table.calls.life.of(table.bindingOf("192.168.50.10"), callId, 0);
  const stream = table.offer(call, target("192.168.50.10", 4000, { rtcp: undefined }));
  table.answer(call, "outside", REMOTE);
  return { call, rtp: rtpOf(stream) };
}

it("what is armed is looked at at once, and three times more, both flows of each remote", () => {
  const { rtp } = answeredCall("a");
  stray.watch(rtp, 1000);
  expect(lookedUp(1000, 1100, 1250, 1900, 2000, 4999, 5000, 9000)).toEqual([2, 0, 2, 0, 2, 0, 2, 0]);
});

it("what is armed again is looked at from then on", () => {
  const { rtp } = answeredCall("a");
  stray.watch(rtp, 1000);
  expect(lookedUp(1000)).toEqual([2]);
  stray.watch(rtp, 1200);
  expect(lookedUp(1250, 1450, 2000, 2200, 5000, 5200, 9000)).toEqual([2, 2, 0, 2, 0, 2, 0]);
});

it("what is armed no more, or was never answered, is not looked at", () => {
  const { call, rtp } = answeredCall("a");
  const early = table.calls.life.of(table.bindingOf("192.168.50.11"), "early", 0);
  stray.watch(rtpOf(table.offer(early, target("192.168.50.11", 4000))), 1000);
  expect(lookedUp(1000)).toEqual([0]);
  stray.watch(rtp, 1000);
  expect(lookedUp(1000)).toEqual([2]);
  table.calls.life.end(call, "bye", 1100);
  expect(lookedUp(1250, 2000)).toEqual([0, 0]);
});
