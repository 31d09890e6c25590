import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { field, request, response, sessionDescription, startLine } from "./script-message.ts";
import { type StreamEnd, StreamMachine } from "./stream-machine.ts";

const PHONE = phoneAddress(0);
const PROVIDER = PROVIDER_HOSTS[0];
const REGISTRAR = `${PROVIDER}:5060`;
const ALICE = "<sip:alice@example.com>";

let lab: Lab;
let phone: StreamMachine;
let provider: StreamMachine;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  phone = new StreamMachine(lab, "phone");
  provider = new StreamMachine(lab, "prov");
  await provider.listen(REGISTRAR);
});

afterEach(() => lab.dispose());

function register(by: string, contact: string): string {
  const from = `${ALICE};tag=r`;
  const fields = [`Contact: <sip:alice@${contact};transport=tcp>`];
  const parts = { uri: `sip:${PROVIDER}`, by, from, to: ALICE, callId: "registration", cseq: 1, fields };
  return overTcp(request("REGISTER", parts));
}

function invite(by: string, media: string): string {
  const [from, to] = [`${ALICE};tag=i`, "<sip:bob@example.com>"];
  const fields = [`Contact: <sip:alice@${by};transport=tcp>`];
  const sdp = sessionDescription(media);
  const parts = { uri: "sip:bob@example.com", by, from, to, callId: "call", cseq: 1, fields, sdp };
  return overTcp(request("INVITE", parts));
}

function overTcp(message: string): string {
  return message.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
}

async function connected(
  to = REGISTRAR,
  from = PHONE,
): Promise<{ phoneEnd: StreamEnd; providerEnd: StreamEnd }> {
  const phoneEnd = await phone.connect(from, to);
  return { phoneEnd, providerEnd: await provider.accept(to) };
}

async function expectations(): Promise<string> {
  return lab.exec("gw", "conntrack", "-L", "expect");
}

test.for([5060, 5070])(
  "a phone that listens at %d is connected to at its Contact, and its answer is translated",
  async (port) => {
    await Daemon.start(lab);
    const contact = `${PHONE}:${port}`;
    await phone.listen(contact);
    const { phoneEnd, providerEnd } = await connected();
    phoneEnd.write(register(contact, contact));
    const registered = await providerEnd.message();
    const outside = /^<sip:alice@([\d.]+:\d+);transport=tcp>$/.exec(field(registered, "Contact"))?.[1] ?? "";
    expect(outside.startsWith(`${GATEWAY_OUTSIDE}:`)).toBe(true);
    expect(field(registered, "Via")).toContain(`SIP/2.0/TCP ${outside};`);
    const granted = [`Contact: <sip:alice@${outside};transport=tcp>;expires=60`];
    providerEnd.write(response(registered, "200 OK", { toTag: "r", fields: granted }));
    expect(field(await phoneEnd.message(), "Contact")).toBe(
      `<sip:alice@${contact};transport=tcp>;expires=60`,
    );

    const caller = await provider.connect(PROVIDER, outside);
    const called = await phone.accept(contact);
    const uri = `sip:alice@${outside};transport=tcp`;
    const from = "<sip:bob@example.com>;tag=b";
    const parts = { uri, by: caller.local, from, to: ALICE, callId: "in", cseq: 1 };
    caller.write(overTcp(request("INVITE", { ...parts, sdp: sessionDescription(`${PROVIDER}:30000`) })));
    const offer = await called.message();
    expect(startLine(offer)).toBe(`INVITE sip:alice@${contact};transport=tcp SIP/2.0`);
    const fields = [`Contact: <sip:alice@${contact};transport=tcp>`];
    called.write(
      response(offer, "200 OK", { toTag: "a", fields, sdp: sessionDescription(`${PHONE}:40000`) }),
    );
    const answer = await caller.message();
    expect(field(answer, "Contact")).toBe(`<sip:alice@${outside};transport=tcp>`);
    expect(answer).toContain(`c=IN IP4 ${GATEWAY_OUTSIDE}\r\n`);
    expect(answer.length - answer.indexOf("v=0")).toBe(Number(field(answer, "Content-Length")));
    expect(await expectations()).toContain("src=192.168.50.10");
  },
);

test("a message whose header and body are sent apart, the body only once the header is acknowledged, is whole", async () => {
  await Daemon.start(lab);
  const { phoneEnd, providerEnd } = await connected();
  const text = invite(phoneEnd.local, `${PHONE}:40000`);
  const head = text.indexOf("\r\n\r\n") + 4;
  phoneEnd.write(text.slice(0, head));
  phoneEnd.write(text.slice(head));
  const arrived = await providerEnd.message();
  expect(arrived).toContain(`c=IN IP4 ${GATEWAY_OUTSIDE}\r\n`);
  expect(arrived.length - arrived.indexOf("v=0")).toBe(Number(field(arrived, "Content-Length")));
});

test("a server that has forgotten a SYN, and answers the next with another number, is connected to", async () => {
  await Daemon.start(lab);
  const lose = (machine: "phone" | "prov", what: string) =>
    lab.exec(
      machine,
      "iptables",
      "-w",
      "-A",
      "INPUT",
      "-p",
      "tcp",
      "--tcp-flags",
      "SYN,ACK",
      what,
      "-j",
      "DROP",
    );
  await lose("phone", "SYN,ACK");
  const connecting = phone.connect(PHONE, REGISTRAR);
  while ((await lab.exec("prov", "ss", "-Htn", "state", "syn-recv")) === "") await delay(20);
  await lose("prov", "SYN");
  provider.stop();
  while ((await lab.exec("prov", "ss", "-Htln")) !== "") await delay(20);
  provider = new StreamMachine(lab, "prov");
  await provider.listen(REGISTRAR);
  for (const machine of ["phone", "prov"] as const) await lab.exec(machine, "iptables", "-w", "-F", "INPUT");
  const phoneEnd = await connecting;
  const providerEnd = await provider.accept(REGISTRAR);
  phoneEnd.write(register(phoneEnd.local, phoneEnd.local));
  expect(field(await providerEnd.message(), "Contact")).toContain(GATEWAY_OUTSIDE);
});

test("TLS to port 5061 passes as it is, and opens nothing", async () => {
  const daemon = await Daemon.start(lab);
  const secure = `${PROVIDER}:5061`;
  await provider.listen(secure);
  // From a port of ports.signalling, it is queued.
  const { phoneEnd, providerEnd } = await connected(secure, `${PHONE}:5070`);
  // The head of a record and of the ClientHello in it (RFC 8446 §5.1, §4.1.2), then what nobody can read.
  const hello = `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03${register(phoneEnd.local, phoneEnd.local)}`;
  phoneEnd.write(hello);
  expect(await providerEnd.read(hello.length)).toBe(hello);
  const answer = `\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03${invite(secure, `${PROVIDER}:7000`)}`;
  providerEnd.write(answer);
  expect(await phoneEnd.read(answer.length)).toBe(answer);
  const { bindings, calls, streams, counters } = await daemon.stats();
  expect({ bindings, calls, streams }).toEqual({ bindings: 0, calls: 0, streams: 0 });
  expect(counters.passed["not-sip"]).toBeGreaterThan(0);
});

test("a POST to port 5060 opens nothing, however much of its body looks like SIP (NAT slipstreaming)", async () => {
  const daemon = await Daemon.start(lab);
  const { phoneEnd, providerEnd } = await connected();
  const padding = "x".repeat(1000);
  const fake = `${register(phoneEnd.local, `${PHONE}:22`)}${invite(phoneEnd.local, `${PHONE}:5900`)}`;
  const head = `POST / HTTP/1.1\r\nHost: ${REGISTRAR}\r\nContent-Length: ${padding.length + fake.length}\r\n\r\n`;
  phoneEnd.write(head + padding);
  await providerEnd.read(head.length + padding.length);
  // A segment that begins as SIP does: what slipstreaming is after.
  phoneEnd.write(fake);
  expect(await providerEnd.read(fake.length)).toBe(fake);
  const { bindings, calls, streams } = await daemon.stats();
  expect({ bindings, calls, streams }).toEqual({ bindings: 0, calls: 0, streams: 0 });
  expect(await expectations()).toBe("");
});

test("a flow that is older than the daemon passes as it is, and the log says so", async () => {
  const { phoneEnd, providerEnd } = await connected();
  const daemon = await Daemon.start(lab);
  const said = daemon.next((line) => line.msg === "TCP flow passes as it is");
  const text = register(phoneEnd.local, phoneEnd.local);
  phoneEnd.write(text);
  expect(await providerEnd.read(text.length)).toBe(text);
  await said;
});
