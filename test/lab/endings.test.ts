import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import { Lab } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";
import { setUdpTimeouts } from "./udp-timeouts.ts";

/** Short lives in seconds, and ports for two calls: the next ones get some only if the last have given theirs back. */
const CONFIG = `
[ports]
media = "10000-10003"
[timers]
early = 3
linger = 1
media_idle = 4
`;
const WITHOUT_MEDIA_IDLE = CONFIG.replace(/^media_idle.*$/m, "");
const NOTHING = { expectations: 0, masters: 0, calls: 0, streams: 0 };
const EARLY = 3000;

let lab: Lab;
let daemon: Daemon;
let gauge: GatewayGauge;
let ends: ScriptCall;
let call: ScriptCall;
let calls = 0;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await setUdpTimeouts(lab, 2);
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  gauge = new GatewayGauge(lab);
  ends = await ScriptCall.open(lab, "unused");
});

beforeEach(() => {
  call = ends.another(`ending-${calls++}@phone`);
});

/** Nothing is left of the call, and the next one gets its ports. */
async function expectFreed(patience = 10_000): Promise<void> {
  expect(await gauge.drained(daemon, patience)).toEqual(NOTHING);
}

afterEach(async () => {
  // What a failed test has left must not fail the next one.
  if (!(await isEmpty())) {
    await daemon.stop();
    daemon = await Daemon.restart(lab, configured(lab, CONFIG));
  }
});

afterAll(() => {
  gauge?.stop();
  lab?.dispose();
});

async function isEmpty(): Promise<boolean> {
  return Object.values(await gauge.remains(daemon)).every((number) => number === 0);
}

async function established(fields: readonly string[] = []): Promise<void> {
  await call.establish(fields);
  expect(call.advertised).toMatch(/:1000[02]$/);
}

test("BYE and its 200 free a call's ports, slots and state", async () => {
  await established();
  await call.accept(await call.phoneSays("BYE"));
  await expectFreed();
});

test("CANCEL and 487 do", async () => {
  await call.invite();
  expect(call.advertised).toMatch(/:1000[02]$/);
  await call.answer("180 Ringing");
  await call.accept(await call.phoneSays("CANCEL"));
  await call.answer("487 Request Terminated");
  await call.phoneSays("ACK");
  await expectFreed();
});

test("486 does", async () => {
  await call.invite();
  expect(call.advertised).toMatch(/:1000[02]$/);
  await call.answer("486 Busy Here");
  await call.phoneSays("ACK");
  await expectFreed();
});

test("a call that nobody answers is over after the early timer", async () => {
  await call.invite();
  expect(call.advertised).toMatch(/:1000[02]$/);
  await expectFreed();
});

test("each 180 begins the early timer anew", async () => {
  await call.invite();
  for (let n = 0; n < 3; n++) {
    await delay(EARLY * 0.6);
    expect(await gauge.remains(daemon)).toMatchObject({ calls: 1, streams: 1 });
    await call.answer("180 Ringing");
  }
  await expectFreed();
});

test("a call that is silent for the media-idle time, and whose flows the kernel has forgotten, is over", async () => {
  await established();
  await call.phoneSpeaks();
  await call.providerSpeaks();
  expect(await gauge.remains(daemon)).toMatchObject({ calls: 1, streams: 1 });
  await expectFreed(20_000);
});

test("a call with media is not over after the media-idle time", async () => {
  await established();
  for (let n = 0; n < 7; n++) {
    await call.phoneSpeaks();
    await delay(1000);
  }
  expect(await gauge.remains(daemon)).toMatchObject({ calls: 1, streams: 1 });
  await call.accept(await call.phoneSays("BYE"));
  await expectFreed();
});

test("a session that is not refreshed is over when it expires (RFC 4028 §10)", async () => {
  await daemon.stop();
  daemon = await Daemon.restart(lab, configured(lab, WITHOUT_MEDIA_IDLE));
  // No phone would accept so short a session (§4 wants 90 s); it is for the test's sake.
  await established(["Session-Expires: 4;refresher=uas"]);
  expect(await gauge.remains(daemon)).toMatchObject({ calls: 1, streams: 1 });
  await expectFreed(20_000);
});
