import { afterEach, beforeEach, expect, test } from "vitest";
import { callWithBaresip } from "./baresip.ts";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab } from "./namespaces.ts";
import { runSipp } from "./sipp.ts";

let lab: Lab;

beforeEach(() => {
  lab = new Lab({ phones: 1 });
});

afterEach(() => lab?.dispose());

test("baresip behind the gateway calls baresip outside: each hears the other's tone", async () => {
  await Daemon.start(lab);
  const { inside, outside } = await callWithBaresip(lab, 5);
  expect(outside.advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  for (const end of [inside, outside]) {
    expect(end.sources).toEqual([end.advertised]);
    // 50 pieces are recorded a second; a second of the other's pure tone is a call that was heard.
    expect(end.heard.pieces).toBeGreaterThan(50);
    expect(end.heard.share).toBeGreaterThan(0.95);
  }
});

test("without a helper, the baresip behind the gateway hears nothing", async () => {
  const { inside } = await callWithBaresip(lab, 4);
  expect(inside.heard.pieces).toBe(0);
});

test("SIPp through the gateway: 1,000 calls, none failed", async () => {
  await Daemon.start(lab);
  const statistics = await runSipp(lab, { calls: 1000, rate: 100 });
  expect(statistics).toMatchObject({ created: 1000, successful: 1000, failed: 0 });
});
