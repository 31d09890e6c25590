import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { joinAddress } from "./ip-address.ts";
import { Lab, PROVIDER_HOSTS_IPV6, phoneIpv6Address } from "./namespaces.ts";
import { untilHeard } from "./repeated-media.ts";
import { ScriptCall } from "./script-call.ts";
import { field, request, response, startLine } from "./script-message.ts";

let lab: Lab;
let daemon: Daemon;
let call: ScriptCall;

beforeAll(async () => {
  lab = new Lab({ phones: 2, ipv6: true });
  daemon = await Daemon.start(lab);
  call = await ScriptCall.open(lab, "call@ipv6", "ipv6");
});

afterAll(() => lab?.dispose());

const ALICE = "<sip:alice@example.com>";

function register(cseq: number): string {
  const { phone, provider } = call;
  return request("REGISTER", {
    uri: `sip:${provider.address}`,
    by: phone.address,
    from: `${ALICE};tag=r`,
    to: ALICE,
    callId: "register@ipv6",
    cseq,
    fields: [`Contact: <sip:alice@${phone.address}>;expires=3600`],
  });
}

test("a registered phone is called long after its registrar's conntrack has gone, though FORWARD drops what is new", async () => {
  const { phone, provider } = call;
  const sent = register(1);
  phone.send(provider.address, sent);
  const { text, source } = await provider.next();
  expect({ text, source }).toEqual({ text: sent, source: phone.address });
  const contact = field(text, "Contact");
  provider.send(source, response(text, "200 OK", { toTag: "s", fields: [`Contact: ${contact}`] }));
  expect(startLine((await phone.next()).text)).toBe("SIP/2.0 200 OK");
  await lab.exec("gw", "conntrack", "-D", "-f", "ipv6", "-p", "udp");
  const invite = request("INVITE", {
    uri: `sip:alice@${phone.address}`,
    by: provider.address,
    from: "<sip:bob@example.com>;tag=b",
    to: ALICE,
    callId: "inbound@ipv6",
    cseq: 1,
  });
  provider.send(phone.address, invite);
  expect(await phone.next()).toEqual({ source: provider.address, text: invite });
});

test("nobody but whom a phone has sent SIP to is let in", async () => {
  const stranger = await call.outside.open(joinAddress(PROVIDER_HOSTS_IPV6[1], 5060));
  const before = await daemon.stats();
  stranger.send(call.phone.address, "OPTIONS sip:alice@example.com SIP/2.0\r\n\r\n");
  call.provider.send(call.phone.address, "OPTIONS sip:alice@example.com SIP/2.0\r\n\r\n");
  expect((await call.phone.next()).source).toBe(call.provider.address);
  const { passed } = (await daemon.stats()).counters;
  expect(passed["source-not-allowed"]).toBe((before.counters.passed["source-not-allowed"] ?? 0) + 1);
});

test("a call's media and its RTCP go both ways, whoever speaks first, and nothing is rewritten", async () => {
  await call.establish();
  expect(call.advertised).toBe(call.phoneMedia.address);
  await call.providerSpeaks();
  await call.phoneSpeaks();
  const phoneControl = await call.inside.open(joinAddress(phoneIpv6Address(0), 6001));
  const providerControl = await call.outside.open(joinAddress(PROVIDER_HOSTS_IPV6[1], 7001));
  await untilHeard(providerControl, phoneControl.address, phoneControl, providerControl.address);
  await untilHeard(phoneControl, providerControl.address, providerControl, phoneControl.address);
  const bye = await call.phoneSays("BYE");
  await call.accept(bye);
});
