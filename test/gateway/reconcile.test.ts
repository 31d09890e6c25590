import { beforeEach, describe, expect, it } from "vitest";
import { ownersOf, takeInExpectations, takeInMasters } from "../../src/gateway/reconcile.ts";
import type { ExpectationEntry } from "../../src/kernel/expectation-message.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import type { Call } from "../../src/table/call.ts";
import { expectationsOf } from "../../src/table/component-state.ts";
import type { Component, Stream } from "../../src/table/streams.ts";
import { target } from "../table/arming-recorder.ts";
import { type CallsAtWork, makeCalls, PEER, rtpOf } from "../table/make-calls.ts";

const PHONE = "192.168.50.10";
const REMOTE = { host: "203.0.113.3", port: 20_000 };
const ANY = { host: undefined, port: undefined };

function masterOf(id: number): FlowTuple {
  return { protocol: "udp", source: { host: PHONE, port: id }, destination: { host: PEER, port: 0 } };
}

/** What the kernel tells of an expectation for media to or from the phone's port 4000. */
function entryOf(
  master: FlowTuple,
  direction: "inbound" | "outbound",
  { port }: Component,
): ExpectationEntry {
  const inside = { host: PHONE, port: 4000 };
  const ends =
    direction === "inbound"
      ? { from: ANY, to: { host: "203.0.113.1", port }, nat: { direction, saved: inside } }
      : { from: inside, to: REMOTE, nat: { direction, saved: REMOTE } };
  return {
    master,
    protocol: "udp",
    ...ends,
    timeout: 60,
    id: 1,
    class: 1,
    flags: 0,
    helper: "sip",
    fn: "sip",
  };
}

describe("after a restart, or when events were lost", () => {
  let table: CallsAtWork;
  let call: Call;
  let stream: Stream;
  let rtp: Component;

  beforeEach(() => {
    table = makeCalls();
    call = table.calls.life.of(table.bindingOf(PHONE), "call", 0);
    stream = table.offer(call, target(PHONE, 4000, { rtcp: undefined }));
    rtp = rtpOf(stream);
  });

  /** Takes in what the kernel has; returns what of it is nobody's. */
  function inKernel(...entries: ExpectationEntry[]): readonly ExpectationEntry[] {
    const { present, orphans } = ownersOf(entries, table.calls);
    takeInExpectations(present, table.calls, 0);
    return orphans;
  }

  const keys = (): string[] => [...expectationsOf(rtp).keys()];

  it("a master that the kernel has is its stream's", () => {
    stream.master = "absent";
    const { known, orphans } = takeInMasters([{ original: masterOf(stream.id), helper: "sip" }], table.calls);
    expect([...known]).toEqual([stream]);
    expect(orphans).toEqual([]);
    expect(stream.master).toBe("present");
  });

  it("a master is nobody's that no call has, or one that has ended", () => {
    const [own, unknown] = [masterOf(stream.id), masterOf(stream.id === 7 ? 8 : 7)];
    table.calls.life.end(call, "bye", 0);
    const { known, orphans } = takeInMasters(
      [own, unknown].map((original) => ({ original, helper: "sip" })),
      table.calls,
    );
    expect(known.size).toBe(0);
    expect(orphans).toEqual([own, unknown]);
  });

  it("what has our port and another helper, or our helper and another port, is somebody else's", () => {
    const flow = { ...masterOf(7), destination: { host: PEER, port: 5060 } };
    const others = [
      { original: masterOf(7), helper: undefined },
      { original: flow, helper: "sip" },
    ];
    expect(takeInMasters(others, table.calls).orphans).toEqual([]);
    expect(inKernel(entryOf(flow, "inbound", rtp))).toEqual([]);
  });

  it("an expectation that the kernel has is the component's, and one that it has not is none", () => {
    table.answer(call, "t1", target(REMOTE.host, REMOTE.port, { rtcp: undefined }));
    expect(keys()).toEqual(["in any", "out 203.0.113.3 20000"]);
    expect(inKernel(entryOf(masterOf(stream.id), "outbound", rtp))).toEqual([]);
    expect(keys()).toEqual(["out 203.0.113.3 20000"]);
    inKernel(entryOf(masterOf(stream.id), "inbound", rtp));
    expect(keys()).toEqual(["in any"]);
    expect(table.calls.slots.used).toBe(1);
  });

  it("an expectation is nobody's whose master no call has, whose port is none of the stream's, whose call has ended", () => {
    const ofNobody = entryOf(masterOf(stream.id === 7 ? 8 : 7), "inbound", rtp);
    const ofOtherPort = entryOf(masterOf(stream.id), "inbound", { ...rtp, port: 9 });
    expect(inKernel(ofNobody, ofOtherPort)).toEqual([ofNobody, ofOtherPort]);
    table.calls.life.end(call, "bye", 0);
    const own = entryOf(masterOf(stream.id), "inbound", rtp);
    expect(inKernel(own)).toEqual([own]);
  });
});
