import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import type { CallResult } from "./load/call-result.ts";
import { Load } from "./load/load.ts";
import { Lab } from "./namespaces.ts";

const CALLS = 40;
/** Of 80 components that lose their flows at once, so many slots hold a dozen. Ended calls are not waited for long. */
const CONFIG = `
[table]
kernel_slots = 32
[timers]
linger = 2
`;
const AFTER = "a second after all conntracks were flushed";

let lab: Lab;
let load: Load;
let daemon: Daemon;
let gauge: GatewayGauge;

beforeAll(async () => {
  lab = new Lab({ phones: CALLS });
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  gauge = new GatewayGauge(lab);
  load = await Load.start(lab, { phones: CALLS, rtpInterval: 50 });
  await load.register();
});

afterAll(() => {
  gauge?.stop();
  load?.close();
  lab?.dispose();
});

test("conntrack -F in 40 calls at once, with few slots: all have their audio again within two seconds", async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answered: Promise<void>[] = [];
  const calls: Promise<CallResult>[] = [];
  for (let n = 0; n < CALLS; n++) {
    answered.push(
      new Promise((resolve) => {
        const direction = n % 2 === 0 ? "outbound" : "inbound";
        calls.push(
          load.place({
            direction,
            phone: n,
            hold: 1000,
            hangUp: "caller",
            until: released,
            onAnswered: resolve,
          }),
        );
      }),
    );
    await delay(20);
  }
  await Promise.all(answered);
  await delay(1000);
  await lab.exec("gw", "conntrack", "-F");
  await delay(1000);
  load.beginPhase(AFTER);
  await delay(1000);
  release();
  const results = await Promise.all(calls);
  expect(results.flatMap(({ call, failure }) => (failure ? [`${call}: ${failure}`] : []))).toEqual([]);
  for (const { call, audio } of results) {
    // 20 packets are sent in this second.
    for (const heard of Object.values(audio[AFTER] ?? { nobody: 0 })) expect(heard, call).toBeGreaterThan(4);
  }
  const nothing = { expectations: 0, masters: 0, calls: 0, streams: 0 };
  expect(await gauge.drained(daemon, 10_000)).toEqual(nothing);
});
