import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { joinAddress } from "./ip-address.ts";
import { Lab, PROVIDER_HOSTS_IPV6, phoneIpv6Address } from "./namespaces.ts";
import { untilHeard } from "./repeated-media.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { request, response, sessionDescription } from "./script-message.ts";
import { type StreamEnd, StreamMachine } from "./stream-machine.ts";

const PHONE = phoneIpv6Address(0);
const [PROVIDER, PROVIDER_MEDIA] = PROVIDER_HOSTS_IPV6;
const REGISTRAR = joinAddress(PROVIDER, 5060);
const LISTENER = joinAddress(PHONE, 5070);
const ALICE = "<sip:alice@example.com>";
const BOB = "<sip:bob@example.com>";

let lab: Lab;
let daemon: Daemon;
let phone: StreamMachine;
let provider: StreamMachine;
let phoneMedia: ScriptEnd;
let providerMedia: ScriptEnd;
/** The two ends of the phone's connection. */
let outgoing: StreamEnd;
let incoming: StreamEnd;

beforeEach(async () => {
  lab = new Lab({ phones: 1, ipv6: true });
  daemon = await Daemon.start(lab);
  phone = new StreamMachine(lab, "phone");
  provider = new StreamMachine(lab, "prov");
  phoneMedia = await new ScriptMachine(lab, "phone").open(joinAddress(PHONE, 6000));
  providerMedia = await new ScriptMachine(lab, "prov").open(joinAddress(PROVIDER_MEDIA, 7000));
  await provider.listen(REGISTRAR);
  outgoing = await phone.connect(joinAddress(PHONE, 0), REGISTRAR);
  incoming = await provider.accept(REGISTRAR);
});

afterEach(() => lab?.dispose());

function overTcp(method: string, parts: Parameters<typeof request>[1]): string {
  return request(method, parts).replace("SIP/2.0/UDP", "SIP/2.0/TCP");
}

function register(): string {
  const fields = [`Contact: <sip:alice@${LISTENER};transport=tcp>`];
  const ends = { uri: `sip:${REGISTRAR}`, by: outgoing.local, from: `${ALICE};tag=r`, to: ALICE };
  return overTcp("REGISTER", { ...ends, callId: "registration", cseq: 1, fields });
}

function invite(): string {
  const fields = [`Contact: <sip:alice@${outgoing.local};transport=tcp>`];
  const ends = { uri: `sip:bob@${REGISTRAR}`, by: outgoing.local, from: `${ALICE};tag=i`, to: BOB };
  const sdp = sessionDescription(phoneMedia.address);
  return overTcp("INVITE", { ...ends, callId: "call", cseq: 1, fields, sdp });
}

async function mediaGoesBothWays(): Promise<void> {
  await untilHeard(providerMedia, phoneMedia.address, phoneMedia, providerMedia.address);
  await untilHeard(phoneMedia, providerMedia.address, providerMedia, phoneMedia.address);
}

test("a phone's call has its media both ways, and no segment of its messages is held", async () => {
  const offer = invite();
  for (const part of [offer.slice(0, 10), offer.slice(10, 200), offer.slice(200)]) {
    outgoing.write(part);
    // The rest is not written before this has arrived.
    expect(await incoming.read(part.length)).toBe(part);
  }
  const answer = response(offer, "200 OK", { toTag: "b", sdp: sessionDescription(providerMedia.address) });
  incoming.write(answer);
  expect(await outgoing.message()).toBe(answer);
  await mediaGoesBothWays();
});

test("a registered phone is connected to at its Contact, and the call has its media both ways", async () => {
  await phone.listen(LISTENER);
  const asked = register();
  outgoing.write(asked);
  expect(await incoming.message()).toBe(asked);
  const contact = `Contact: <sip:alice@${LISTENER};transport=tcp>;expires=60`;
  incoming.write(response(asked, "200 OK", { toTag: "r", fields: [contact] }));
  await outgoing.message();

  const caller = await provider.connect(joinAddress(PROVIDER, 0), LISTENER);
  const called = await phone.accept(LISTENER);
  const parts = { by: caller.local, from: `${BOB};tag=b`, to: ALICE, callId: "in", cseq: 1 };
  const sdp = sessionDescription(providerMedia.address);
  const offer = overTcp("INVITE", { uri: `sip:alice@${LISTENER};transport=tcp`, ...parts, sdp });
  caller.write(offer);
  expect(await called.message()).toBe(offer);
  const answer = response(offer, "200 OK", { toTag: "a", sdp: sessionDescription(phoneMedia.address) });
  called.write(answer);
  expect(await caller.message()).toBe(answer);
  await mediaGoesBothWays();
});

test("nobody is connected to a phone that has not sent him SIP", async () => {
  await phone.listen(LISTENER);
  const asked = register();
  outgoing.write(asked);
  expect(await incoming.message()).toBe(asked);
  // Nobody answers it.
  void provider.connect(joinAddress(PROVIDER_MEDIA, 0), LISTENER).catch(() => undefined);
  const refused = async () => (await daemon.stats()).counters.passed["source-not-allowed"];
  await expect.poll(refused).toBeGreaterThan(0);
  expect(await lab.exec("phone", "ss", "-Htn", "sport = :5070")).toBe("");
});

test("what does not begin as SIP opens nothing, however much of it looks like SIP", async () => {
  const fake = `POST / HTTP/1.1\r\nHost: ${REGISTRAR}\r\n\r\n`;
  outgoing.write(fake);
  expect(await incoming.read(fake.length)).toBe(fake);
  const offer = invite();
  outgoing.write(offer);
  expect(await incoming.message()).toBe(offer);
  const { bindings, calls, streams } = await daemon.stats();
  expect({ bindings, calls, streams }).toEqual({ bindings: 0, calls: 0, streams: 0 });
  expect(await lab.exec("gw", "conntrack", "-L", "expect", "-f", "ipv6")).toBe("");
});
