import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener, sendDatagrams } from "./datagram-listener.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const PHONE = [phoneAddress(0), 5060] as const;
const OTHER_HOST = phoneAddress(1);
const PROVIDER = [PROVIDER_HOSTS[0], 5060] as const;

let lab: Lab;
let daemon: Daemon;
let provider: DatagramListener;
let phone: DatagramListener;
let calls = 0;

beforeAll(async () => {
  lab = new Lab({ phones: 2 });
  daemon = await Daemon.start(lab);
  provider = await DatagramListener.open(lab, "prov", PROVIDER);
});

beforeEach(() => {
  calls++;
});

afterAll(() => lab?.dispose());

function message(start: string, sdp: readonly string[], toTag = ""): Buffer {
  const body = ["v=0", `o=- 1 1 IN IP4 ${PHONE[0]}`, "s=-", "t=0 0", ...sdp, ""].join("\r\n");
  const head = [
    start,
    `Via: SIP/2.0/UDP ${PHONE.join(":")};branch=z9hG4bK${calls}`,
    `From: <sip:alice@example.com>;tag=a${calls}`,
    `To: <sip:bob@example.com>${toTag}`,
    `Call-ID: hostile-${calls}`,
    "CSeq: 1 INVITE",
    `Contact: <sip:alice@${PHONE.join(":")}>`,
    "Content-Type: application/sdp",
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`, "latin1");
}

/** Sends an INVITE with these SDP lines from the phone, and returns it as sent and as the provider got it. */
async function invite(sdp: readonly string[]): Promise<{ readonly sent: string; readonly got: string }> {
  const sent = message(`INVITE sip:bob@${PROVIDER.join(":")} SIP/2.0`, sdp);
  await sendDatagrams(lab, "phone", { from: PHONE, to: PROVIDER, payloads: [sent] });
  return { sent: sent.toString("latin1"), got: (await provider.next()).payload.toString("latin1") };
}

async function expectations(): Promise<string> {
  return await lab.exec("gw", "conntrack", "-L", "expect");
}

test("an offer of a service's port passes unmodified and opens nothing", async () => {
  const { sent, got } = await invite([`c=IN IP4 ${PHONE[0]}`, "m=audio 53 RTP/AVP 0"]);
  expect(got).toBe(sent);
  expect(await expectations()).toBe("");
});

test("an offer of another host's media passes unmodified and opens nothing", async () => {
  const { sent, got } = await invite([`c=IN IP4 ${OTHER_HOST}`, "m=audio 4000 RTP/AVP 0"]);
  expect(got).toBe(sent);
  expect(await expectations()).toBe("");
});

test("an offer whose a=rtcp names another host passes unmodified and opens nothing", async () => {
  const { sent, got } = await invite([
    `c=IN IP4 ${PHONE[0]}`,
    "m=audio 4000 RTP/AVP 0",
    `a=rtcp:4001 IN IP4 ${OTHER_HOST}`,
  ]);
  expect(got).toBe(sent);
  expect(await expectations()).toBe("");
});

test("an offer one of whose lines is refused holds no port for the others", async () => {
  const { sent, got } = await invite([
    `c=IN IP4 ${PHONE[0]}`,
    "m=audio 4000 RTP/AVP 0",
    "m=audio 53 RTP/AVP 0",
  ]);
  expect(got).toBe(sent);
  expect(await daemon.stats()).toMatchObject({ calls: 0, streams: 0 });
});

test("an answer whose c= is a host name reaches the phone, and the daemon lives on", async () => {
  const { got } = await invite([`c=IN IP4 ${PHONE[0]}`, "m=audio 4000 RTP/AVP 0"]);
  expect(got).not.toContain(PHONE[0]);
  phone = await DatagramListener.open(lab, "phone", PHONE);
  const via = /^Via: .*$/m.exec(got)?.[0].trim() ?? "";
  const answer = message(
    "SIP/2.0 200 OK",
    ["c=IN IP4 media.example.com", "m=audio 20000 RTP/AVP 0"],
    ";tag=b",
  )
    .toString("latin1")
    .replace(/^Via: .*\r$/m, `${via}\r`);
  const to = [/^c=IN IP4 (.*)\r$/m.exec(got)?.[1] ?? "", 5060] as const;
  await sendDatagrams(lab, "prov", {
    from: [PROVIDER_HOSTS[0], 5070],
    to,
    payloads: [Buffer.from(answer, "latin1")],
  });
  expect((await phone.next()).payload.toString("latin1")).toContain("c=IN IP4 media.example.com");
  // It answers, and what the kernel took from that call can be counted: nothing had to be given up.
  expect((await daemon.stats()).counters.passed["internal-error"]).toBe(0);
});
