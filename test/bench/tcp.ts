/**
 * Runs SIPp over TCP through the lab's gateway, over good and bad lines, once with this project and once with the
 * kernel's helper, and prints the table of docs/tcp.md. Run as root: node dist/test/bench/tcp.js [calls, default 1000]
 * [calls a second, default 50] ["sipexpectd" or "kernel", default both]
 */

import { setTimeout as delay } from "node:timers/promises";
import { forceSegments, makeLinesBad } from "../lab/bad-line.ts";
import { attachHelper, type HelperKind } from "../lab/conntrack-helper.ts";
import { countInvalid, invalidPackets } from "../lab/invalid-packets.ts";
import { Lab } from "../lab/namespaces.ts";
import { runSipp } from "../lab/sipp.ts";

/** Milliseconds that the last call may take. */
const PATIENCE = 40_000;
const calls = wholeNumber(process.argv[2] ?? "1000");
const rate = wholeNumber(process.argv[3] ?? "50");
const helpers = (["sipexpectd", "kernel"] as const).filter((one) => one === (process.argv[4] ?? one));

/** What an inside address in SDP looks like where the provider is. */
const LEAKED = ["-p", "tcp", "-m", "string", "--algo", "bm", "--string", "IP4 192.168."] as const;

const CASES = [
  { what: "one connection", transport: "t1", isBad: false, segment: undefined },
  { what: "a connection per call", transport: "tn", isBad: false, segment: undefined },
  { what: "one connection, 2 % lost, 5 % late", transport: "t1", isBad: true, segment: undefined },
  { what: "a connection per call, 2 % lost, 5 % late", transport: "tn", isBad: true, segment: undefined },
  { what: "one connection, 100-byte segments", transport: "t1", isBad: false, segment: 100 },
  { what: "a connection per call, 100-byte segments", transport: "tn", isBad: false, segment: 100 },
  {
    what: "one connection, 100-byte segments, 2 % lost, 5 % late",
    transport: "t1",
    isBad: true,
    segment: 100,
  },
  {
    what: "a connection per call, 100-byte segments, 2 % lost, 5 % late",
    transport: "tn",
    isBad: true,
    segment: 100,
  },
] as const;

function wholeNumber(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new Error(`"${text}" is not a whole number from 1 up.`);
}

async function measure(each: (typeof CASES)[number], helper: HelperKind): Promise<string> {
  const lab = new Lab({ phones: 1 });
  try {
    await countInvalid(lab);
    await lab.exec("prov", "iptables", "-w", "-t", "mangle", "-A", "INPUT", ...LEAKED);
    if (each.segment !== undefined) await forceSegments(lab, each.segment);
    if (each.isBad) await makeLinesBad(lab);
    const helped = await attachHelper(lab, helper);
    const load = { calls, rate, transport: each.transport };
    const patience = (calls / rate) * 1000 + PATIENCE;
    const done = await Promise.race([
      runSipp(lab, load).catch((error: unknown) => ({ successful: `${error}`.split("\n", 1)[0] })),
      delay(patience, undefined, { ref: false }),
    ]);
    const invalid = await invalidPackets(lab);
    const listing = await lab.exec("prov", "iptables-save", "-c", "-t", "mangle");
    const leaked = /^\[(\d+):\d+\] -A INPUT .*--string/m.exec(listing)?.[1] ?? "?";
    if (helped.daemon === undefined) await helped.detach();
    return `| ${each.what} | ${helper} | ${done?.successful ?? `did not end within ${patience / 1000} s`} | ${leaked} | ${invalid} |`;
  } finally {
    lab.dispose();
  }
}

console.log(
  `| ${calls} calls of SIPp over TCP | helper | successful | packets with an inside address in SDP | INVALID packets |`,
);
console.log("|---|---|---|---|---|");
for (const each of CASES) {
  for (const helper of helpers) console.log(await measure(each, helper));
}
process.exit();
