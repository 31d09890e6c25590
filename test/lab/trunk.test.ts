import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import type { CallResult } from "./load/call-result.ts";
import type { CallStep } from "./load/control.ts";
import { Load, type PlannedCall } from "./load/load.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const CALLS = 200;
/** Milliseconds between the beginnings of two calls. */
const APART = 25;
/** Milliseconds the calls that end amid the others last: enough packets to judge them by. */
const SHORT = 2500;
/** Ended calls are not waited for as long as usual. */
const CONFIG = "[timers]\nlinger = 2\n";
const AFTER = "after the others' end";

/** How each 10 calls end, of which the others go on: by BYE of either side, by CANCEL, by 486. */
const ENDINGS: readonly (Partial<PlannedCall> | undefined)[] = [
  { hold: SHORT, hangUp: "caller" },
  { hold: SHORT, hangUp: "callee" },
  { steps: ["cancel"] },
  { steps: ["cancel", "early-media"] },
  { steps: ["busy"] },
  { steps: ["busy", "early-media"] satisfies CallStep[] },
];

let lab: Lab;
let load: Load;
let daemon: Daemon;
let gauge: GatewayGauge;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  gauge = new GatewayGauge(lab);
  load = await Load.start(lab, { phones: 1 });
  await load.register();
});

afterAll(() => {
  gauge?.stop();
  load?.close();
  lab?.dispose();
});

test("of 200 calls of a PBX over one flow, none is touched by how another ends", async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const passing: Promise<CallResult>[] = [];
  const lasting: Promise<CallResult>[] = [];
  for (let n = 0; n < CALLS; n++) {
    const ending = ENDINGS[n % 10];
    const call: PlannedCall = {
      direction: Math.floor(n / 10) % 2 === 0 ? "outbound" : "inbound",
      phone: 0,
      hold: SHORT,
      hangUp: n % 4 < 2 ? "caller" : "callee",
      ...(ending ?? { until: released }),
    };
    (ending ? passing : lasting).push(load.place(call));
    await delay(APART);
  }
  const passed = await Promise.all(passing);
  expect(await signallingFlows()).toBe(1);

  load.beginPhase(AFTER);
  await delay(1500);
  release();
  const lasted = await Promise.all(lasting);

  expect(
    [...passed, ...lasted].flatMap(({ call, failure }) => (failure ? `${call}: ${failure}` : [])),
  ).toEqual([]);
  expect(passed.filter(({ refusedAsPlanned }) => refusedAsPlanned)).toHaveLength((CALLS * 4) / 10);
  expect(lasted).toHaveLength((CALLS * 4) / 10);
  for (const { call, audio, phone, provider } of lasted) {
    for (const heard of Object.values(audio[AFTER] ?? { nobody: 0 })) expect(heard, call).toBeGreaterThan(10);
    // Every packet of each end that was sent is heard, but for those that were under way at the hang-up.
    expect(phone?.rtp.received, call).toBeGreaterThanOrEqual((provider?.rtp.sent ?? Infinity) - 2);
    expect(provider?.rtp.received, call).toBeGreaterThanOrEqual((phone?.rtp.sent ?? Infinity) - 2);
  }
  const nothing = { expectations: 0, masters: 0, calls: 0, streams: 0 };
  expect(await gauge.drained(daemon, 10_000)).toEqual(nothing);
});

/** How many conntracks the SIP between the PBX and its provider has on the gateway. */
async function signallingFlows(): Promise<number> {
  const flow = ["-p", "udp", "--orig-src", phoneAddress(0), "--orig-dst", PROVIDER_HOSTS[0]];
  const listed = await lab.exec("gw", "conntrack", "-L", ...flow, "--orig-port-dst", "5060");
  return listed.split("\n").filter((line) => line.includes("sport=5060 dport=5060")).length;
}
