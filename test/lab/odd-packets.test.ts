import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener, sendDatagrams } from "./datagram-listener.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { request } from "./script-message.ts";

const PHONE = [phoneAddress(0), 5060] as const;
const PROVIDER = [PROVIDER_HOSTS[0], 5060] as const;
const INVITE = `INVITE sip:a@${PROVIDER[0]} SIP/2.0\r\nVia: SIP/2.0/UDP ${PHONE[0]}:5060;branch=z9hG4bK1\r\nFrom: <sip:b`;

/** Arguments: source host and port, destination host and port, payload. The option is Router Alert (RFC 2113). */
const SEND_WITH_ROUTER_ALERT = `
import socket, sys
_, host, port, to_host, to_port, payload = sys.argv
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([0x94, 4, 0, 0]))
end.bind((host, int(port)))
end.sendto(payload.encode(), (to_host, int(to_port)))
`;

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

test("a message in a packet with IP options is translated, and the options stay", async () => {
  const options = request("OPTIONS", {
    uri: `sip:${PROVIDER[0]}`,
    by: PHONE.join(":"),
    from: "<sip:alice@example.com>;tag=a",
    to: "<sip:bob@example.com>",
    callId: "ip-options@phone",
    cseq: 1,
    fields: [`Contact: <sip:alice@${PHONE.join(":")}>`],
  });
  const capture = lab.spawn(
    "prov",
    "tcpdump",
    ["-i", "eth0", "-nn", "-v", "-c", "1", "-l", "ip[0] & 15 > 5"],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  const { stdout, stderr } = capture;
  if (stdout === null || stderr === null) throw new Error("tcpdump was started without its outputs.");
  const captured = text(stdout);
  await once(stderr, "data");
  // Node can set no IP options; Python, which node-gyp needs anyway, can.
  await lab.exec(
    "phone",
    "python3",
    "-c",
    SEND_WITH_ROUTER_ALERT,
    ...PHONE.map(String),
    ...PROVIDER.map(String),
    options,
  );
  const { payload, source } = await provider.next();
  expect(payload.toString("latin1")).toContain(`Contact: <sip:alice@${GATEWAY_OUTSIDE}:5060>`);
  expect(source).toBe(`${GATEWAY_OUTSIDE}:5060`);
  expect(await captured).toContain("options (RA)");
});
