import { describe, expect, it } from "vitest";
import type { Component } from "../../src/table/streams.ts";
import type { MediaTarget } from "../../src/table/target.ts";
import { names, wantedKey } from "../../src/table/wanted.ts";
import { type SourcePolicy, unserved, wantedFor } from "../../src/table/wanted-for.ts";
import { target } from "./arming-recorder.ts";
import { makeCalls } from "./make-calls.ts";

const PEER = "203.0.113.2";
const MEDIA = "203.0.113.3";

function components(more: Partial<MediaTarget> = {}): readonly Component[] {
  const { calls, bindingOf } = makeCalls();
  const call = calls.life.of(bindingOf("192.168.50.10"), "a84b4c76e66710", 0);
  const stream = calls.stream(call, target("192.168.50.10", 4000, more), PEER);
  if (typeof stream === "string") throw new Error(stream);
  return stream.components;
}

/** The names of what a component wants when the remote parties say `targets`. */
function keys(
  index: number,
  targets: readonly MediaTarget[],
  policy: SourcePolicy = "signalled",
  more = {},
): string[] {
  const component = components(more)[index];
  if (component === undefined) throw new Error("no component");
  return wantedFor(component, targets, policy).map(wantedKey);
}

const remote = target(MEDIA, 20_000);
const forks = [3, 4, 5, 6].map((host) => target(`203.0.113.${host}`, 20_000));

describe("what a component wants of the kernel", () => {
  it.for([
    { policy: "signalled", wanted: ["in any"] },
    { policy: "any", wanted: ["in any"] },
    { policy: "peer", wanted: [`in ${PEER}`] },
  ] as const)("before any answer, by policy $policy: $wanted", ({ policy, wanted }) => {
    expect(keys(0, [], policy)).toEqual(wanted);
  });

  it.for([
    { policy: "signalled", wanted: [`in ${MEDIA}`, `in ${PEER}`, `out ${MEDIA} 20000`] },
    { policy: "any", wanted: ["in any", `out ${MEDIA} 20000`] },
    { policy: "peer", wanted: [`in ${PEER}`, `out ${MEDIA} 20000`] },
  ] as const)("after the answer, by policy $policy: $wanted", ({ policy, wanted }) => {
    expect(keys(0, [remote], policy)).toEqual(wanted);
  });

  it("RTCP goes to its own port, and nowhere when both sides multiplex it", () => {
    expect(keys(1, [remote], "peer")).toEqual([`in ${PEER}`, `out ${MEDIA} 20001`]);
    const muxed = target(MEDIA, 20_000, { mux: true });
    expect(keys(1, [muxed], "peer", { mux: true })).toEqual([]);
    expect(keys(1, [muxed], "peer", { mux: false })).toEqual([`in ${PEER}`, `out ${MEDIA} 20001`]);
  });

  it("nothing of a line that is rejected or held", () => {
    expect(keys(0, [target(MEDIA, 0)])).toEqual([]);
    expect(keys(0, [target("0.0.0.0", 20_000, { held: true })])).toEqual([]);
  });

  it("never more than the kernel takes for a master, whichever forks have answered: the latest count", () => {
    for (let count = 1; count <= forks.length; count++) {
      const wanted = keys(0, forks.slice(0, count));
      expect(wanted.length).toBeLessThanOrEqual(4);
      expect(wanted).toContain(`out 203.0.113.${2 + count} 20000`);
    }
    expect(keys(0, forks)).toEqual(["in any", ...[4, 5, 6].map((host) => `out 203.0.113.${host} 20000`)]);
  });

  it("of two port pairs each has one way in and one way out, as the two share a master", () => {
    const pairs = target(MEDIA, 20_000, { count: 2 });
    expect(keys(2, [pairs], "signalled", { count: 2 })).toEqual([`in ${MEDIA}`, `out ${MEDIA} 20002`]);
  });

  it("is served by a flow with the very endpoint the SDP names, and by no other", () => {
    const [rtp] = components();
    if (rtp === undefined) throw new Error("no component");
    const wanted = wantedFor(rtp, [remote], "signalled");
    const flow = (port: number) => ({ remote: { host: MEDIA, port }, since: 0, noticed: true });
    expect(unserved(wanted, flow(20_000))).toEqual([]);
    expect(unserved(wanted, flow(20_002))).toEqual(wanted);
    expect(unserved(wanted, undefined)).toEqual(wanted);
    expect([MEDIA, PEER, "203.0.113.9"].map((host) => names(wanted, host))).toEqual([true, true, false]);
  });
});
