/**
 * Runs SIPp over TCP through the lab's gateway, over good and bad lines, once with this project and once with the
 * kernel's helper, and prints the table of docs/tcp.md. Run as root: node dist/test/bench/tcp.js [calls, default 1000]
 */

import { setTimeout as delay } from "node:timers/promises";
import { forceSegments, makeLinesBad } from "../lab/bad-line.ts";
import { attachHelper, type HelperKind } from "../lab/conntrack-helper.ts";
import { countInvalid, invalidPackets } from "../lab/invalid-packets.ts";
import { Lab } from "../lab/namespaces.ts";
import { runSipp } from "../lab/sipp.ts";

const RATE = 25;
/** Milliseconds that the last call may take. */
const PATIENCE = 20_000;
const calls = Number(process.argv[2] ?? 1000);
if (!Number.isInteger(calls) || calls < 1) throw new Error(`"${process.argv[2]}" is not a number of calls.`);

/** What an inside address in SDP looks like where the provider is. */
const LEAKED = ["-p", "tcp", "-m", "string", "--algo", "bm", "--string", "IP4 192.168."] as const;

const CASES = [
  { what: "one connection", transport: "t1", isBad: false, segment: undefined },
  { what: "a connection per call", transport: "tn", isBad: false, segment: undefined },
  { what: "one connection, 2 % lost, 5 % late", transport: "t1", isBad: true, segment: undefined },
  { what: "a connection per call, 2 % lost, 5 % late", transport: "tn", isBad: true, segment: undefined },
  { what: "one connection, segments of 100 bytes", transport: "t1", isBad: false, segment: 100 },
  {
    what: "one connection, segments of 100 bytes, 2 % lost, 5 % late",
    transport: "t1",
    isBad: true,
    segment: 100,
  },
] as const;

async function measure(each: (typeof CASES)[number], helper: HelperKind): Promise<string> {
  const lab = new Lab({ phones: 1 });
  try {
    await countInvalid(lab);
    await lab.exec("prov", "iptables", "-w", "-t", "mangle", "-A", "INPUT", ...LEAKED);
    if (each.segment !== undefined) await forceSegments(lab, each.segment);
    if (each.isBad) await makeLinesBad(lab);
    const helped = await attachHelper(lab, helper);
    const load = { calls, rate: RATE, transport: each.transport };
    const patience = (calls / RATE) * 1000 + PATIENCE;
    const done = await Promise.race([
      runSipp(lab, load).catch(() => undefined),
      delay(patience, undefined, { ref: false }),
    ]);
    const invalid = await invalidPackets(lab);
    const listing = await lab.exec("prov", "iptables-save", "-c", "-t", "mangle");
    const leaked = /^\[(\d+):\d+\] -A INPUT .*--string/m.exec(listing)?.[1] ?? "?";
    if (helped.daemon === undefined) await helped.detach();
    return `| ${each.what} | ${helper} | ${done?.successful ?? "did not end"} | ${leaked} | ${invalid} |`;
  } finally {
    lab.dispose();
  }
}

console.log(
  `| ${calls} calls of SIPp over TCP | helper | successful | packets with an inside address in SDP | INVALID packets |`,
);
console.log("|---|---|---|---|---|");
for (const each of CASES) {
  for (const helper of ["sipexpectd", "kernel"] as const) console.log(await measure(each, helper));
}
process.exit();
