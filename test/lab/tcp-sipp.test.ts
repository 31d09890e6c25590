import { afterEach, beforeEach, expect, test } from "vitest";
import { forceSegments, makeLinesBad } from "./bad-line.ts";
import { Daemon } from "./daemon.ts";
import { countInvalid, invalidPackets } from "./invalid-packets.ts";
import { Lab } from "./namespaces.ts";
import { runSipp } from "./sipp.ts";

let lab: Lab;
let daemon: Daemon;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await countInvalid(lab);
  daemon = await Daemon.start(lab);
});

afterEach(() => lab?.dispose());

/** INVITE, 180, 200, ACK, BYE and 200. */
const MESSAGES = 6;

test.for([
  { what: "one connection for all", transport: "t1" },
  { what: "a connection for each", transport: "tn" },
] as const)("200 calls of SIPp over TCP, $what: none failed", async ({ transport }) => {
  const statistics = await runSipp(lab, { calls: 200, rate: 50, transport });
  expect(statistics).toMatchObject({ created: 200, successful: 200, failed: 0 });
  const { counters } = await daemon.stats();
  expect(counters.translated).toBe(200 * MESSAGES);
  expect(await invalidPackets(lab)).toBe(0);
});

test.for([
  { what: "2 % of all packets lost and 5 % late, one connection", transport: "t1", segment: undefined },
  {
    what: "2 % of all packets lost and 5 % late, a connection for each",
    transport: "tn",
    segment: undefined,
  },
  { what: "the same in segments of 100 bytes", transport: "t1", segment: 100 },
] as const)("100 calls of SIPp over TCP, $what: none failed", async ({ transport, segment }) => {
  if (segment !== undefined) await forceSegments(lab, segment);
  await makeLinesBad(lab);
  const statistics = await runSipp(lab, { calls: 100, rate: 50, transport });
  expect(statistics).toMatchObject({ created: 100, successful: 100, failed: 0 });
  const { counters } = await daemon.stats();
  expect(counters.translated).toBe(100 * MESSAGES);
  expect(await invalidPackets(lab)).toBe(0);
});
