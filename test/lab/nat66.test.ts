import { afterAll, beforeAll, expect, test } from "vitest";
import { makeLinesBad } from "./bad-line.ts";
import { Daemon } from "./daemon.ts";
import { countInvalid, invalidPackets } from "./invalid-packets.ts";
import { joinAddress, splitAddress } from "./ip-address.ts";
import {
  GATEWAY_OUTSIDE_IPV6,
  Lab,
  OUTSIDE_INTERFACE,
  PROVIDER_HOSTS_IPV6,
  phoneIpv6Address,
} from "./namespaces.ts";
import { INSIDE_PREFIX, translatingIpv6 } from "./nat66.ts";
import { ScriptCall } from "./script-call.ts";
import type { ScriptEnd } from "./script-end.ts";
import { field, request, response, sessionDescription, startLine } from "./script-message.ts";
import { runSipp } from "./sipp.ts";
import { StreamMachine } from "./stream-machine.ts";

const [PROVIDER] = PROVIDER_HOSTS_IPV6;
const ALICE = "<sip:alice@example.com>";
const BOB = "<sip:bob@example.com>";

let lab: Lab;
let daemon: Daemon;
let flags: string[];
let call: ScriptCall;

beforeAll(async () => {
  lab = new Lab({ phones: 2, ipv6: true });
  flags = await translatingIpv6(lab);
  daemon = await Daemon.start(lab, flags);
  call = await ScriptCall.open(lab, "call@nat66", "ipv6");
});

afterAll(() => lab?.dispose());

/** SIPp's INVITE, 180, 200, ACK, BYE and 200. */
const MESSAGES = 6;

/** Registers an endpoint; returns "host:port" where the registrar has it. */
async function register(from: ScriptEnd): Promise<string> {
  const parts = { uri: `sip:${call.provider.address}`, by: from.address, from: `${ALICE};tag=r`, to: ALICE };
  const contact = `<sip:alice@${from.address}>`;
  const callId = `register-${from.address}`.replace(INSIDE_PREFIX, "");
  from.send(
    call.provider.address,
    request("REGISTER", { ...parts, callId, cseq: 1, fields: [`Contact: ${contact};expires=3600`] }),
  );
  const { text, source } = await call.provider.next();
  expect(text).not.toContain(INSIDE_PREFIX);
  expect(field(text, "Via")).toContain(`SIP/2.0/UDP ${source};`);
  expect(field(text, "Contact")).toBe(`<sip:alice@${source}>;expires=3600`);
  call.provider.send(
    source,
    response(text, "200 OK", { toTag: "s", fields: [`Contact: ${field(text, "Contact")}`] }),
  );
  expect(field((await from.next()).text, "Contact")).toBe(`${contact};expires=3600`);
  return source;
}

/** The provider calls where a phone is registered. */
async function expectCalled(end: ScriptEnd, registered: string, callId: string): Promise<void> {
  const parts = { by: call.provider.address, from: `${BOB};tag=b`, to: ALICE, callId, cseq: 1 };
  call.provider.send(registered, request("INVITE", { uri: `sip:alice@${registered}`, ...parts }));
  const { text, source } = await end.next();
  expect(source).toBe(call.provider.address);
  expect(startLine(text)).toBe(`INVITE sip:alice@${end.address} SIP/2.0`);
}

test("two phones of the same port register at ports of our address, and each is called there", async () => {
  const other = await call.inside.open(joinAddress(phoneIpv6Address(1), 5060));
  const registered = [await register(call.phone), await register(other)];
  expect(new Set(registered).size).toBe(2);
  for (const at of registered) expect(at.startsWith(`[${GATEWAY_OUTSIDE_IPV6}]:`)).toBe(true);
  await lab.exec("gw", "conntrack", "-D", "-f", "ipv6", "-p", "udp");
  await expectCalled(call.phone, registered[0] ?? "", "first@nat66");
  await expectCalled(other, registered[1] ?? "", "second@nat66");
});

test("a call's media goes both ways from and to the port its SDP names, whoever speaks first", async () => {
  await call.establish();
  const { host, port } = splitAddress(call.advertised);
  expect(host).toBe(GATEWAY_OUTSIDE_IPV6);
  const expected = () => lab.exec("gw", "conntrack", "-L", "expect", "-f", "ipv6");
  expect(await expected()).toContain(` dst=${host} sport=0 dport=${port} `);
  await call.providerSpeaks();
  await call.phoneSpeaks();
  // Media that flows needs no slot; its RTCP has not been heard yet.
  await expect.poll(expected).not.toContain(` dport=${port} `);
  expect(await expected()).toContain(` dst=${host} sport=0 dport=${port + 1} `);
});

test("after a kill -9 and a restart the call's media goes on at the same port", async () => {
  await expect.poll(async () => (await daemon.stats()).store?.waiting).toBe(0);
  await daemon.stop("SIGKILL");
  daemon = await Daemon.restart(lab, flags);
  expect(await daemon.stats()).toMatchObject({ calls: 1, streams: 1 });
  await lab.exec("gw", "conntrack", "-D", "-f", "ipv6", "-p", "udp");
  await call.phoneSpeaks();
  await call.providerSpeaks();
  await call.accept(await call.phoneSays("BYE"));
  expect(await lab.exec("gw", "conntrack", "-L", "expect", "-f", "ipv6")).toBe("");
});

test("a message that would outgrow the MTU passes as it came, and the log says so", async () => {
  const parts = {
    uri: `sip:${call.provider.address}`,
    by: call.phone.address,
    from: `${ALICE};tag=l`,
    to: BOB,
  };
  const options = (fields: string[]) => request("OPTIONS", { ...parts, callId: "large", cseq: 1, fields });
  const padding = 1500 - 48 - options([`X: `]).length;
  const sent = options([`X: ${"x".repeat(padding)}`]);
  const said = daemon.next((line) => line.msg === "a message has grown too large and passes unmodified");
  call.phone.send(call.provider.address, sent);
  expect((await call.provider.next()).text).toBe(sent);
  await said;
});

test("when the address of our outside changes, a phone is registered and called at the new one", async () => {
  const moved = "2001:db8:113::77";
  const ip = (...words: string[]) => lab.exec("gw", "ip", "addr", ...words, "dev", OUTSIDE_INTERFACE);
  await ip("add", `${moved}/64`);
  const changed = daemon.next((line) => line.msg === "the external address changed");
  await ip("del", `${GATEWAY_OUTSIDE_IPV6}/64`);
  await changed;
  const registered = await register(call.phone);
  expect(registered.startsWith(`[${moved}]:`)).toBe(true);
  await expectCalled(call.phone, registered, "third@nat66");
  const back = daemon.next((line) => line.msg === "the external address changed");
  await ip("add", `${GATEWAY_OUTSIDE_IPV6}/64`);
  await ip("change", `${moved}/64`, "preferred_lft", "0");
  await back;
  await ip("del", `${moved}/64`);
});

test("over TCP a message is translated whatever segments it comes in, and the phone is called at its Contact", async () => {
  const phone = new StreamMachine(lab, "phone");
  const provider = new StreamMachine(lab, "prov");
  const [host, registrar] = [phoneIpv6Address(0), joinAddress(PROVIDER, 5060)];
  const contact = joinAddress(host, 5070);
  await Promise.all([phone.listen(contact), provider.listen(registrar)]);
  const outgoing = await phone.connect(joinAddress(host, 0), registrar);
  const incoming = await provider.accept(registrar);
  const sdp = sessionDescription(call.phoneMedia.address);
  const fields = [`Contact: <sip:alice@${contact.replace("::", ":0::")};transport=tcp>`];
  const parts = { uri: `sip:bob@${registrar}`, by: contact, from: `${ALICE};tag=i`, to: BOB, fields };
  const invite = request("INVITE", { ...parts, callId: "tcp", cseq: 1, sdp }).replace("/UDP", "/TCP");
  for (const [from, to] of [
    [0, 100],
    [100, 300],
    [300, undefined],
  ] as const)
    outgoing.write(invite.slice(from, to));
  const arrived = await incoming.message();
  expect(arrived).not.toContain(INSIDE_PREFIX);
  expect(arrived).toContain(`c=IN IP6 ${GATEWAY_OUTSIDE_IPV6}\r\n`);
  expect(arrived.length - arrived.indexOf("v=0")).toBe(Number(field(arrived, "Content-Length")));
  incoming.write(response(arrived, "486 Busy Here", { toTag: "b" }));
  expect(field(await outgoing.message(), "Via")).toContain(`SIP/2.0/TCP ${contact};`);

  const outside = /<sip:alice@(.*);transport=tcp>/.exec(field(arrived, "Contact"))?.[1] ?? "";
  const caller = await provider.connect(joinAddress(PROVIDER, 0), outside);
  const called = await phone.accept(contact);
  const back = { by: caller.local, from: `${BOB};tag=c`, to: ALICE, callId: "back", cseq: 1 };
  caller.write(request("OPTIONS", { uri: `sip:alice@${outside};transport=tcp`, ...back }));
  const asked = await called.message();
  expect(startLine(asked)).toBe(`OPTIONS sip:alice@${contact};transport=tcp SIP/2.0`);
  called.write(response(asked, "200 OK", { toTag: "d", fields }));
  expect(field(await caller.message(), "Contact")).toBe(`<sip:alice@${outside};transport=tcp>`);
});

test("a call goes both ways where NETMAP translates all else, from and to the same address of ours", async () => {
  const own = new Lab({ phones: 1, ipv6: true });
  try {
    const netmap = ["-o", OUTSIDE_INTERFACE, "-j", "NETMAP", "--to", "2001:db8:200::/64"];
    await own.exec("gw", "ip6tables", "-w", "-t", "nat", "-A", "POSTROUTING", ...netmap);
    await Daemon.start(own, await translatingIpv6(own));
    const mapped = await ScriptCall.open(own, "call@nptv6", "ipv6");
    await mapped.establish();
    expect(mapped.advertised.startsWith(`[${GATEWAY_OUTSIDE_IPV6}]:`)).toBe(true);
    await mapped.providerSpeaks();
    await mapped.phoneSpeaks();
  } finally {
    own.dispose();
  }
});

test.for([
  { transport: "u1", line: "good" },
  { transport: "t1", line: "good" },
  { transport: "tn", line: "good" },
  { transport: "t1", line: "bad" },
] as const)(
  "50 calls of SIPp, -t $transport on a $line line: none failed, and each message was translated",
  async ({ transport, line }) => {
    // SIPp takes the ports of the machines' ends.
    const own = new Lab({ phones: 1, ipv6: true });
    try {
      if (line === "bad") await makeLinesBad(own, "ip6tables");
      const translating = await Daemon.start(own, await translatingIpv6(own));
      await countInvalid(own, "ip6tables");
      const statistics = await runSipp(own, { calls: 50, rate: 50, transport, family: "ipv6" });
      expect(statistics).toMatchObject({ created: 50, successful: 50, failed: 0 });
      expect((await translating.stats()).counters.translated).toBe(50 * MESSAGES);
      expect(await invalidPackets(own, "ip6tables")).toBe(0);
    } finally {
      own.dispose();
    }
  },
);
