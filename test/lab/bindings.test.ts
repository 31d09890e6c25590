import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { Daemon } from "./daemon.ts";
import { phoneUser } from "./load/control.ts";
import { Load, providerHost } from "./load/load.ts";
import { GATEWAY_OUTSIDE, Lab } from "./namespaces.ts";

const PHONES = 40;
const HOLD = 3000;

let lab: Lab;
let load: Load;

beforeAll(async () => {
  lab = new Lab({ phones: PHONES });
  await Daemon.start(lab);
  load = await Load.start(lab, { phones: PHONES });
  for (const provider of [0, 1]) {
    const results = await load.register(provider);
    expect([...results.values()]).toEqual(Array(PHONES).fill("200"));
  }
  // The providers' reports come by another pipe than the phones', and may be behind them.
  await vi.waitFor(() => expect(load.bindings.size).toBe(2 * PHONES), { timeout: 5000 });
});

afterAll(() => {
  load?.close();
  lab?.dispose();
});

test("40 phones that all use port 5060 each get their own external port", () => {
  const sources = users().map((user) => sourceSeenBy(0, user));
  expect(new Set(sources).size).toBe(PHONES);
  for (const source of sources) expect(source).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
});

test("a phone's external port is the same toward two providers", () => {
  for (const user of users()) expect(sourceSeenBy(1, user)).toBe(sourceSeenBy(0, user));
});

test("a registrar sees the Contact at the very address and port the REGISTER came from", () => {
  for (const user of users()) {
    expect(load.bindings.get(`${providerHost(0)} ${user}`)?.contact).toBe(
      `sip:${user}@${sourceSeenBy(0, user)}`,
    );
  }
});

test("inbound calls from two providers reach the right phone", async () => {
  expect(await callEachPhone("inbound")).toEqual([]);
});

test("outbound calls through two providers come from the right phone", async () => {
  expect(await callEachPhone("outbound")).toEqual([]);
});

/** Calls each phone once, every other one by the second provider; says what went wrong with which call. */
async function callEachPhone(direction: "inbound" | "outbound"): Promise<string[]> {
  const calls = users().map((_, phone) =>
    load.place({
      direction,
      phone,
      provider: phone % 2,
      hold: HOLD,
      hangUp: phone % 4 < 2 ? "caller" : "callee",
    }),
  );
  const results = await Promise.all(calls);
  // A phone answers only for its own user, so that its end of the call tells which phone was reached.
  expect(results.map(({ phone }) => phone?.user)).toEqual(users());
  return results.flatMap(({ failure, twoWayRtcp, phone, provider }) => {
    const fault = failure ?? (twoWayRtcp ? undefined : "no RTCP both ways");
    return fault ? `${phone?.user} by ${provider?.user}: ${fault}` : [];
  });
}

function users(): string[] {
  return Array.from({ length: PHONES }, (_, index) => phoneUser(index));
}

function sourceSeenBy(provider: number, user: string): string | undefined {
  return load.bindings.get(`${providerHost(provider)} ${user}`)?.source;
}
