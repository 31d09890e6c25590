import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import type { CallResult } from "./load/call-result.ts";
import { Load } from "./load/load.ts";
import { Lab, phoneAddress } from "./namespaces.ts";

let lab: Lab;
let load: Load;
let daemon: Daemon;

beforeAll(async () => {
  lab = new Lab({ phones: 2 });
  daemon = await Daemon.start(lab);
  load = await Load.start(lab, { phones: 2 });
  await load.register();
});

afterAll(() => {
  load?.close();
  lab?.dispose();
});

test("a call's audio goes on when the daemon is killed, and the call can be hung up", async () => {
  const killed = placed("outbound", 0, 4000, async () => {
    expect(await daemon.stop("SIGKILL")).toBe("SIGKILL");
  });
  const { failure, phone, provider } = await killed;
  expect(failure).toBeUndefined();
  // The daemon died as media began; each end sent 40 packets, and what was under way at the end may be lost.
  for (const end of [phone, provider]) expect(end?.rtp.received).toBeGreaterThan(30);
});

test("new SIP passes untranslated while no daemon runs", async () => {
  const { answered, provider } = await placed("outbound", 1, 2500);
  expect(answered).toBe(true);
  expect(provider?.advertised).toMatch(new RegExp(`^${phoneAddress(1)}:`));
});

test("a daemon started again carries calls both ways", async () => {
  daemon = await Daemon.restart(lab);
  await load.register();
  // The phone whose call the killed daemon left in the kernel comes first: what is new must not clash with that.
  expect((await placed("outbound", 0, 2500)).failure).toBeUndefined();
  expect((await placed("inbound", 1, 2500)).failure).toBeUndefined();
});

test("the daemon ends by SIGTERM with status 0 and releases its queue", async () => {
  expect(await daemon.stop()).toBe("status 0");
  daemon = await Daemon.restart(lab);
});

function placed(
  direction: "outbound" | "inbound",
  phone: number,
  hold: number,
  onAnswered?: () => void,
): Promise<CallResult> {
  return load.place({ direction, phone, hold, hangUp: "caller", ...(onAnswered && { onAnswered }) });
}
