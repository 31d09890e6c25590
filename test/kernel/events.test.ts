import { expect, it } from "vitest";
import { type TableEvents, tellAll } from "../../src/kernel/events.ts";
import { EXPECTATION_CLASS } from "../../src/kernel/expectation-message.ts";
import { KernelError } from "../../src/kernel/kernel-error.ts";
import { expectationEvent } from "./expectation-event.ts";

/** What the kernel sends when an expectation to this port is gone. */
function gone(port: number): Buffer {
  const master = {
    protocol: "udp",
    source: { host: "192.168.50.2", port: 7 },
    destination: { host: "203.0.113.2", port: 0 },
  } as const;
  return expectationEvent(master, {
    direction: "inbound",
    class: EXPECTATION_CLASS.audio,
    protocol: "udp",
    from: { host: undefined, port: undefined },
    to: { host: "203.0.113.1", port },
    saved: { host: "192.168.50.2", port: 4000 },
    timeout: 60,
  });
}

it("an event that fails is told of, and costs those behind it nothing", () => {
  const bytes = Buffer.concat([gone(20_000), gone(20_002)]);
  const failure = new KernelError("look up conntrack", "ENOBUFS");
  const told: unknown[] = [];
  const events: TableEvents = {
    expectationGone: ({ port }) => {
      if (port === 20_000) throw failure;
      told.push(port);
    },
    flowBegan: () => undefined,
    conntrackEnded: () => undefined,
    told: () => undefined,
    overrun: () => undefined,
    failed: (error) => told.push(error),
  };
  tellAll(events, bytes, bytes.length);
  expect(told).toEqual([failure, 20_002]);
});
