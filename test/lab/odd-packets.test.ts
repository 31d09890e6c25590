import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener, sendDatagrams } from "./datagram-listener.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const PHONE = [phoneAddress(0), 5060] as const;
const PROVIDER = [PROVIDER_HOSTS[0], 5060] as const;
const INVITE = `INVITE sip:a@${PROVIDER[0]} SIP/2.0\r\nVia: SIP/2.0/UDP ${PHONE[0]}:5060;branch=z9hG4bK1\r\nFrom: <sip:b`;

let lab: Lab;
let daemon: Daemon;
let provider: DatagramListener;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  provider = await DatagramListener.open(lab, "prov", PROVIDER);
});

afterAll(() => lab?.dispose());

test.for([
  {
    what: "one that is not SIP",
    payload: Buffer.from("hello, is this the SIP port?\r\n\r\n"),
    reason: "not-sip",
  },
  { what: "a SIP message cut off within a header", payload: Buffer.from(INVITE), reason: "not-sip" },
  { what: "one of 0 bytes", payload: Buffer.alloc(0), reason: "empty" },
  {
    what: "one of 65,000 random bytes",
    payload: Buffer.concat([Buffer.of(0), randomBytes(64_999)]),
    reason: "not-sip",
  },
])("$what arrives as it was sent and is counted as $reason", async ({ payload, reason }) => {
  const before = await passed(reason);
  await sendDatagrams(lab, "phone", { from: PHONE, to: PROVIDER, payloads: [payload] });
  const arrived = await provider.next();
  expect(arrived.payload.equals(payload)).toBe(true);
  expect(await passed(reason)).toBe(before + 1);
});

/** How many packets the daemon has passed as they came for this reason. */
async function passed(reason: string): Promise<number> {
  const { counters } = await daemon.stats();
  return counters.passed[reason] ?? Number.NaN;
}
