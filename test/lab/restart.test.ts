import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import type { CallResult } from "./load/call-result.ts";
import { phoneUser } from "./load/control.ts";
import { Load } from "./load/load.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { Program } from "./program.ts";

/** Each has a call when the daemon is killed. */
const CALLERS = 300;
/** They are only registered, with a provider of their own, from addresses behind the first phone's. */
const IDLE = 1700;
const IDLE_NETWORK = "10.5.0.0/16";
const IDLE_PROVIDER = `${PROVIDER_HOSTS[1]}:5060`;
const TABLE = { bindings: CALLERS + IDLE, calls: CALLERS, streams: CALLERS };
/** Ended calls are not waited for as long as usual. */
const CONFIG = "[timers]\nlinger = 2\n";
const DEAD = "while no daemon runs";
const AGAIN = "after the restart";

let lab: Lab;
let load: Load;
let daemon: Daemon;
let gauge: GatewayGauge;
let idleProvider: Program;

beforeAll(async () => {
  lab = new Lab({ phones: CALLERS });
  await lab.exec("phone", "ip", "route", "add", "local", IDLE_NETWORK, "dev", "lo");
  await lab.exec("gw", "ip", "route", "add", IDLE_NETWORK, "via", phoneAddress(0));
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  gauge = new GatewayGauge(lab);
  load = await Load.start(lab, { phones: CALLERS, rtpInterval: 200 });
  const results = await load.register();
  expect([...results.values()].filter((result) => result === "200")).toHaveLength(CALLERS);
  idleProvider = new Program(lab, "prov", "many-calls.ts", [IDLE_PROVIDER]);
  expect(await idleProvider.line()).toBe("listening");
  const idle = new Program(lab, "phone", "many-phones.ts", [String(IDLE), IDLE_PROVIDER]);
  expect(await idle.line()).toBe(String(IDLE));
});

afterAll(() => {
  gauge?.stop();
  load?.close();
  lab?.dispose();
});

test("kill -9 at 300 calls and 2,000 bindings, and a restart: nothing is lost and nothing leaks", async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const answered: Promise<void>[] = [];
  const calls: Promise<CallResult>[] = [];
  for (let n = 0; n < CALLERS; n++) {
    answered.push(
      new Promise((resolve) => {
        const direction = n % 2 === 0 ? "outbound" : "inbound";
        const hangUp = n % 4 < 2 ? "caller" : "callee";
        calls.push(
          load.place({ direction, phone: n, hold: 4000, hangUp, until: released, onAnswered: resolve }),
        );
      }),
    );
    await delay(20);
  }
  await Promise.all(answered);
  expect(await daemon.stats()).toMatchObject(TABLE);
  // The store is written behind: what the last second brought may still be on its way to it.
  await delay(1500);

  expect(await daemon.stop("SIGKILL")).toBe("SIGKILL");
  load.beginPhase(DEAD);
  await delay(1500);
  load.beginPhase(AGAIN);
  const start = performance.now();
  daemon = await Daemon.restart(lab, configured(lab, CONFIG));
  const ready = Math.round(performance.now() - start);
  process.stdout.write(`ready ${ready} ms after it was started\n`);
  expect(await daemon.stats()).toMatchObject(TABLE);
  await delay(1500);

  // Nobody has registered again, so only the store can say where these calls are to go.
  idleProvider.say("call");
  expect(await idleProvider.line()).toBe(String(IDLE));
  const called = [0, 150, 299];
  const inbound = called.map((phone) =>
    load.place({ direction: "inbound", phone, hold: 4500, hangUp: "callee" }),
  );
  const reached = await Promise.all(inbound);
  expect(reached.map(({ phone }) => phone?.user)).toEqual(called.map(phoneUser));

  release();
  const results = await Promise.all(calls);
  const faults = [...reached, ...results].flatMap(({ call, failure }) =>
    failure ? `${call}: ${failure}` : [],
  );
  expect(faults).toEqual([]);
  for (const { call, audio } of results) {
    // 7 packets are sent in 1.5 s; one or two fall into the phase beside it.
    for (const heard of Object.values(audio[DEAD] ?? { nobody: 0 })) expect(heard, call).toBeGreaterThan(4);
    for (const heard of Object.values(audio[AGAIN] ?? { nobody: 0 })) expect(heard, call).toBeGreaterThan(4);
  }
  const nothing = { expectations: 0, masters: 0, calls: 0, streams: 0 };
  expect(await gauge.drained(daemon, 10_000)).toEqual(nothing);
});
