import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Call } from "../../src/table/call.ts";
import { expectationsOf } from "../../src/table/component-state.ts";
import type { Component } from "../../src/table/streams.ts";
import { target } from "./arming-recorder.ts";
import { type CallsAtWork, makeCalls } from "./make-calls.ts";

const PEER = "203.0.113.2";
const REMOTE = { host: "203.0.113.3", port: 20_000 };
const LIMIT = 8;
const CALLS = 6;
const FAILURES = ["full", "taken", "master-gone", "id-taken", "busy", "refused"] as const;

const operation = fc.record({
  what: fc.constantFrom(
    "offer",
    "answer",
    "hold",
    "packet",
    "silence",
    "end",
    "master-gone",
    "refill",
    "fail",
    "events",
  ),
  call: fc.nat(CALLS - 1),
  component: fc.nat(1),
  failure: fc.constantFrom(...FAILURES),
});

/** Calls of hosts that have one, two and three of them, which random things happen to. */
class Busy {
  readonly table: CallsAtWork = makeCalls({ slots: LIMIT });
  readonly #calls: readonly Call[];

  constructor() {
    const hosts = [1, 2, 2, 3, 3, 3].map((host) => `192.168.50.${host}`);
    const bindings = new Map([...new Set(hosts)].map((host) => [host, this.table.bindingOf(host)]));
    this.#calls = hosts.flatMap((host, index) => {
      const binding = bindings.get(host);
      return binding === undefined ? [] : [this.table.calls.life.of(binding, `call ${index}`, 0)];
    });
  }

  get components(): Component[] {
    return [...this.table.calls.streams.values()].flatMap(({ components }) => [...components]);
  }

  do({
    what,
    call: index,
    component: which,
    failure,
  }: typeof operation extends fc.Arbitrary<infer T> ? T : never): void {
    const { calls, arming } = this.table;
    const call = this.#calls[index];
    if (call === undefined) throw new Error("no call");
    const component = [...call.streams.values()][0]?.components[which];
    if (what === "offer") {
      calls.revive(call, 0);
      const stream = calls.stream(call, target(call.host.host, 4000 + 2 * index), PEER);
      if (typeof stream === "string") throw new Error(stream);
      calls.insideSaid(call, "inside", [stream], [false]);
      calls.settle(call, 0);
    } else if (what === "answer" || what === "hold") {
      const held = what === "hold";
      calls.remoteSaid(call, "outside", [target(REMOTE.host, REMOTE.port, { held })]);
      calls.settle(call, 0);
    } else if (what === "packet" && component !== undefined) {
      const key = expectationsOf(component).keys().next();
      if (!key.done) calls.expectations.gone(component, key.value, 0);
      calls.expectations.flowBegan(component, { ...REMOTE, port: REMOTE.port + which }, 0, true);
    } else if (what === "silence" && component !== undefined) {
      calls.expectations.flowEnded(component, { ...REMOTE, port: REMOTE.port + which }, 0);
    } else if (what === "end") calls.life.end(call, "bye", 0);
    else if (what === "master-gone" && component !== undefined)
      calls.expectations.masterGone(component.stream, 0);
    else if (what === "refill") calls.expectations.refill(0, false);
    else if (what === "fail") arming.refusals.push(failure);
    else calls.forgetRemovals();
  }
}

describe("Slots", () => {
  it("counts what the components hold and who waits, and never holds more than its limit", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
        const busy = new Busy();
        for (const one of operations) {
          busy.do(one);
          const { slots } = busy.table.calls;
          const held = busy.components.reduce((sum, component) => sum + expectationsOf(component).size, 0);
          const waiting = busy.components.filter(
            ({ state }) => state.kind === "waiting" || (state.kind === "armed" && state.lacks !== undefined),
          );
          expect(slots.used).toBe(held);
          expect(slots.used).toBeLessThanOrEqual(LIMIT);
          expect(slots.waiting).toBe(waiting.length);
        }
      }),
    );
  });
});
