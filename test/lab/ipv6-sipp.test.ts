import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { countInvalid, invalidPackets } from "./invalid-packets.ts";
import { Lab } from "./namespaces.ts";
import { runSipp } from "./sipp.ts";

/** `IPV6_SIPP_CALLS=1000 npm run test:lab test/lab/ipv6-sipp.test.ts` makes more of them. */
const CALLS = Number(process.env.IPV6_SIPP_CALLS ?? 200);

let lab: Lab;

beforeEach(() => {
  lab = new Lab({ phones: 1, ipv6: true });
});

afterEach(() => lab?.dispose());

test.for([
  { what: "over UDP", transport: "u1", rate: 100 },
  { what: "over one TCP connection", transport: "t1", rate: 100 },
  { what: "over a TCP connection for each", transport: "tn", rate: 50 },
] as const)(
  `SIPp $what of IPv6: ${CALLS} calls, none failed, and each was followed`,
  async ({ transport, rate }) => {
    await countInvalid(lab, "ip6tables");
    const daemon = await Daemon.start(lab);
    const statistics = await runSipp(lab, { calls: CALLS, rate, transport, family: "ipv6" });
    expect(statistics).toMatchObject({ created: CALLS, successful: CALLS, failed: 0 });
    const { ended } = (await daemon.stats()).counters;
    expect(ended).toEqual({ bye: CALLS });
    expect(await invalidPackets(lab, "ip6tables")).toBe(0);
  },
);
