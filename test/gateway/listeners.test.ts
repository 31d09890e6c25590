import { expect, test } from "vitest";
import { type Listener, listeners } from "../../src/gateway/listeners.ts";
import { scan } from "../../src/sip/scan.ts";

const INSIDE = { host: "2001:db8::a", port: 40_000 };

/** The listeners a message names, as "host:port/transport". */
function named(via: string, contact: string, start = "REGISTER sip:example.com SIP/2.0"): string[] {
  const fields = [
    "From: <sip:a@example.com>;tag=1",
    "To: <sip:a@example.com>",
    "Call-ID: 1",
    "CSeq: 1 REGISTER",
  ];
  const text = [
    start,
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bK1`,
    ...fields,
    `Contact: ${contact}`,
    "",
    "",
  ].join("\r\n");
  const scanned = scan(text);
  if (scanned.kind !== "message") throw new Error(`${text} is ${scanned.kind}`);
  const ends = { inside: INSIDE, outside: INSIDE, remote: { host: "2001:db8:1::1", port: 5060 } };
  const flow = {
    ends: { ...ends, transport: "udp" as const },
    pinhole: true,
    verifiedAt: undefined,
    routing: 0,
  };
  return [...listeners(scanned.message, flow)].map(
    ({ inside, transport }: Listener) => `${inside.host} ${inside.port} ${transport}`,
  );
}

test("the ports of a phone's Contacts and of its Via are where it listens, in whatever form it writes its address", () => {
  expect(
    named("[2001:DB8:0::A]:5070", "<sip:a@[2001:db8::a]:5080;transport=tcp>, <sip:a@[2001:db8::a]>"),
  ).toEqual(["2001:db8::a 5080 tcp", "2001:db8::a 5060 udp", "2001:db8::a 5070 udp"]);
});

test("a port of the host's services is none, whatever a message says", () => {
  expect(named("[2001:db8::a]:53", "<sip:a@[2001:db8::a]:1023>, <sip:a@[2001:db8::a]:1024>")).toEqual([
    "2001:db8::a 1024 udp",
  ]);
});

test("other hosts' addresses, and the Via of a response, which is the requester's, name none", () => {
  expect(named("[2001:db8::b]", "<sip:a@[2001:db8::b]>, <sip:a@example.com>, *")).toEqual([]);
  expect(named("[2001:db8::a]", "<sip:a@example.com>", "SIP/2.0 200 OK")).toEqual([]);
});
