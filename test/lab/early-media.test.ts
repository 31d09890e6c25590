import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Load } from "./load/load.ts";
import { Lab } from "./namespaces.ts";

let lab: Lab;
let load: Load;

beforeAll(async () => {
  lab = new Lab({ phones: 2 });
  await Daemon.start(lab);
  // Two packets are on their way before the 200 that says where they come from.
  load = await Load.start(lab, { phones: 2, mediaLead: 150 });
  await load.register();
});

afterAll(() => {
  load?.close();
  lab?.dispose();
});

// A phone may send as soon as it is picked up, and its RTP does not wait in the queue as its 200 does. What overtakes
// the 200 leaves by a port that nobody advertised; once the answer is known, that flow must not stand in the way.
// Both phones use the same media port, so that one of them is advertised by another than NAT would have kept.
test.for([
  { who: "called phones", direction: "inbound" },
  { who: "called providers", direction: "outbound" },
] as const)("$who whose first RTP overtakes their answer are heard, and hear", async ({ direction }) => {
  const calls = [0, 1].map((phone) => load.place({ direction, phone, hold: 4000, hangUp: "caller" }));
  for (const { failure, twoWayRtcp, phone } of await Promise.all(calls)) {
    expect(failure, phone?.user).toBeUndefined();
    expect(twoWayRtcp, phone?.user).toBe(true);
  }
});
