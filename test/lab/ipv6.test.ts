import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { joinAddress } from "./ip-address.ts";
import {
  GATEWAY_OUTSIDE_IPV6,
  Lab,
  OUTSIDE_INTERFACE,
  PROVIDER_HOSTS,
  PROVIDER_HOSTS_IPV6,
  phoneAddress,
  phoneIpv6Address,
} from "./namespaces.ts";
import { untilHeard } from "./repeated-media.ts";
import { ScriptCall } from "./script-call.ts";
import type { ScriptEnd } from "./script-end.ts";
import { field, request, response, sessionDescription, startLine } from "./script-message.ts";

const ALICE = "<sip:alice@example.com>";
const BOB = "<sip:bob@example.com>";
/** Arguments: source host and port, destination host and port, payload. */
const SEND_WITH_DESTINATION_OPTIONS = `
import socket, sys
_, host, port, to_host, to_port, payload = sys.argv
end = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
end.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes([0, 0, 1, 4, 0, 0, 0, 0]))
end.bind((host, int(port)))
end.sendto(payload.encode(), (to_host, int(to_port)))
`;

let lab: Lab;
let daemon: Daemon;
let call: ScriptCall;

beforeAll(async () => {
  lab = new Lab({ phones: 2, ipv6: true });
  daemon = await Daemon.start(lab);
  call = await ScriptCall.open(lab, "call@ipv6", "ipv6");
});

afterAll(() => lab?.dispose());

/** Registers an endpoint of the phone, from wherever it sends. */
async function register(from: ScriptEnd, contact: string): Promise<void> {
  const sent = request("REGISTER", {
    uri: `sip:${call.provider.address}`,
    by: from.address,
    from: `${ALICE};tag=r`,
    to: ALICE,
    callId: `register-${from.address}`,
    cseq: 1,
    fields: [`Contact: <sip:alice@${contact}>;expires=3600`],
  });
  from.send(call.provider.address, sent);
  const { text, source } = await call.provider.next();
  expect({ text, source }).toEqual({ text: sent, source: from.address });
  const fields = [`Contact: ${field(text, "Contact")}`];
  call.provider.send(source, response(text, "200 OK", { toTag: "s", fields }));
  expect(startLine((await from.next()).text)).toBe("SIP/2.0 200 OK");
}

/** The provider calls a registered endpoint; the phone must read what was sent. */
async function expectCalled(end: ScriptEnd, callId: string): Promise<void> {
  const parts = { by: call.provider.address, from: `${BOB};tag=b`, to: ALICE, callId, cseq: 1 };
  const invite = request("INVITE", { uri: `sip:alice@${end.address}`, ...parts });
  call.provider.send(end.address, invite);
  expect(await end.next()).toEqual({ source: call.provider.address, text: invite });
}

test("a registered phone is called after the registrar's conntrack has gone, though FORWARD drops what is new", async () => {
  await register(call.phone, call.phone.address);
  await lab.exec("gw", "conntrack", "-D", "-f", "ipv6", "-p", "udp");
  await expectCalled(call.phone, "inbound@ipv6");
});

test("a phone is called at the port of its Contact, where that is not the one it sends from", async () => {
  const [sender, listener] = await Promise.all(
    [40_000, 5070].map((port) => call.inside.open(joinAddress(phoneIpv6Address(1), port))),
  );
  if (sender === undefined || listener === undefined) throw new Error("An end is missing.");
  await register(sender, listener.address);
  await expectCalled(listener, "contact@ipv6");
});

test("nobody but whom a phone has sent SIP to is let in", async () => {
  const stranger = await call.outside.open(joinAddress(PROVIDER_HOSTS_IPV6[1], 5060));
  const before = await daemon.stats();
  stranger.send(call.phone.address, "OPTIONS sip:alice@example.com SIP/2.0\r\n\r\n");
  await expectCalled(call.phone, "after-stranger@ipv6");
  const { passed } = (await daemon.stats()).counters;
  expect(passed["source-not-allowed"]).toBe((before.counters.passed["source-not-allowed"] ?? 0) + 1);
});

test("a message behind extension headers is followed", async () => {
  const phone = phoneIpv6Address(1);
  const options = request("OPTIONS", {
    uri: `sip:${call.provider.address}`,
    by: joinAddress(phone, 5080),
    from: `${ALICE};tag=o`,
    to: BOB,
    callId: "extension@ipv6",
    cseq: 1,
  });
  const ends = [phone, "5080", PROVIDER_HOSTS_IPV6[0], "5060"];
  const { bindings } = await daemon.stats();
  await lab.exec("phone", "python3", "-c", SEND_WITH_DESTINATION_OPTIONS, ...ends, options);
  expect(await call.provider.next()).toEqual({ source: joinAddress(phone, 5080), text: options });
  expect((await daemon.stats()).bindings).toBe(bindings + 1);
});

test("a call's media and its RTCP go both ways, whoever speaks first, and nothing is rewritten", async () => {
  await call.establish();
  expect(call.advertised).toBe(call.phoneMedia.address);
  await call.providerSpeaks();
  await call.phoneSpeaks();
  const phoneControl = await call.inside.open(joinAddress(phoneIpv6Address(0), 6001));
  const providerControl = await call.outside.open(joinAddress(PROVIDER_HOSTS_IPV6[1], 7001));
  await untilHeard(phoneControl, providerControl.address, providerControl, phoneControl.address);
  await untilHeard(providerControl, phoneControl.address, phoneControl, providerControl.address);
});

test("after a kill -9 and a restart a call's media goes on, and a registered phone is called", async () => {
  await expect.poll(async () => (await daemon.stats()).store?.waiting).toBe(0);
  await daemon.stop("SIGKILL");
  daemon = await Daemon.restart(lab);
  expect(await daemon.stats()).toMatchObject({ bindings: 4, calls: 1, streams: 1 });
  await lab.exec("gw", "conntrack", "-D", "-f", "ipv6", "-p", "udp");
  await call.providerSpeaks();
  await call.phoneSpeaks();
  await expectCalled(call.phone, "after-restart@ipv6");
  await call.accept(await call.phoneSays("BYE"));
  expect(await lab.exec("gw", "conntrack", "-L", "expect", "-f", "ipv6")).toBe("");
});

test("two IPv6 phones that call each other through the provider need no expectation", async () => {
  const phone = await call.inside.open(joinAddress(phoneIpv6Address(1), 5060));
  const phoneMedia = await call.inside.open(joinAddress(phoneIpv6Address(1), 6000));
  // The other phone's call to the provider, and then this one's, which the provider connects with it.
  const first = call.another("first@ipv6", { phone, phoneMedia });
  await first.invite();
  const second = call.another("second@ipv6");
  await second.invite();
  const expected = new RegExp(` dst=${phoneIpv6Address(0)} sport=0 dport=6000 `);
  expect(await lab.exec("gw", "conntrack", "-L", "expect", "-f", "ipv6")).toMatch(expected);
  await second.answer("200 OK", { sdp: sessionDescription(phoneMedia.address) });
  expect(await lab.exec("gw", "conntrack", "-L", "expect", "-f", "ipv6")).not.toMatch(expected);
});

test("a rule for NAT66 goes on working, and messages pass through it as the phone wrote them", async () => {
  const rule = ["POSTROUTING", "-o", OUTSIDE_INTERFACE, "-j", "MASQUERADE"];
  await lab.exec("gw", "ip6tables", "-w", "-t", "nat", "-A", ...rule);
  const phone = await call.inside.open(joinAddress(phoneIpv6Address(1), 5090));
  for (const callId of ["first@nat66", "second@nat66"]) {
    const to = { uri: `sip:${call.provider.address}`, by: phone.address, from: `${ALICE};tag=n`, to: BOB };
    const options = request("OPTIONS", { ...to, callId, cseq: 1 });
    phone.send(call.provider.address, options);
    expect(await call.provider.next()).toEqual({
      source: joinAddress(GATEWAY_OUTSIDE_IPV6, 5090),
      text: options,
    });
  }
  await lab.exec("gw", "ip6tables", "-w", "-t", "nat", "-D", ...rule);
});

test.each([
  { signalling: "ipv4", media: phoneIpv6Address(0) },
  { signalling: "ipv6", media: phoneAddress(0) },
] as const)(
  "$signalling signalling that names media of the other family leaves that alone",
  async ({ signalling, media }) => {
    const address = joinAddress(media, 6000);
    const own = signalling === "ipv6" ? call : await ScriptCall.open(lab, "ipv4", "ipv4");
    const { armed } = (await daemon.stats()).counters;
    const sdp = sessionDescription(address);
    const to = signalling === "ipv6" ? PROVIDER_HOSTS_IPV6[0] : PROVIDER_HOSTS[0];
    const parts = {
      uri: `sip:${to}`,
      by: own.phone.address,
      from: ALICE,
      to: BOB,
      callId: `mixed-${signalling}`,
      cseq: 1,
    };
    own.phone.send(own.provider.address, request("INVITE", { ...parts, sdp }));
    const { text, source } = await own.provider.next();
    expect(text.endsWith(`\r\n\r\n${sdp}`)).toBe(true);
    expect(field(text, "Via")).toContain(source);
    expect((await daemon.stats()).counters.armed).toBe(armed);
  },
);
