import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription, startLine } from "./script-message.ts";

const PROVIDER = PROVIDER_HOSTS[0];

let lab: Lab;
let alice: ScriptEnd;
let carol: ScriptEnd;
let provider: ScriptEnd;
let aliceMedia: ScriptEnd;
let carolMedia: ScriptEnd;

beforeAll(async () => {
  lab = new Lab({ phones: 2 });
  await Daemon.start(lab);
  const phones = new ScriptMachine(lab, "phone");
  alice = await phones.open(`${phoneAddress(0)}:5060`);
  carol = await phones.open(`${phoneAddress(1)}:5060`);
  aliceMedia = await phones.open(`${phoneAddress(0)}:4000`);
  carolMedia = await phones.open(`${phoneAddress(1)}:4000`);
  provider = await new ScriptMachine(lab, "prov").open(`${PROVIDER}:5060`);
});

afterAll(() => lab?.dispose());

/** Registers a phone; returns the address its Contact has outside. */
async function register(phone: ScriptEnd, user: string): Promise<string> {
  phone.send(
    provider.address,
    request("REGISTER", {
      uri: `sip:${PROVIDER}`,
      by: phone.address,
      from: `<sip:${user}@example.com>;tag=r`,
      to: `<sip:${user}@example.com>`,
      callId: `registration-of-${user}`,
      cseq: 1,
      fields: [`Contact: <sip:${user}@${phone.address}>`],
    }),
  );
  const { text, source } = await provider.next();
  const contact = `${field(text, "Contact")};expires=60`;
  provider.send(source, response(text, "200 OK", { toTag: "r", fields: [`Contact: ${contact}`] }));
  await phone.next();
  return source;
}

// A proxy that forwards the INVITE keeps its Call-ID; a back-to-back user agent makes a call of its own.
test.for([
  { by: "a proxy", outward: "call", inward: "call" },
  { by: "a back-to-back user agent", outward: "outward", inward: "inward" },
])("two phones whose provider is $by are told each other's inside address", async ({ outward, inward }) => {
  await register(alice, "alice");
  const carolOutside = await register(carol, "carol");
  alice.send(
    provider.address,
    request("INVITE", {
      uri: `sip:carol@${PROVIDER}`,
      by: alice.address,
      from: "<sip:alice@example.com>;tag=a",
      to: "<sip:carol@example.com>",
      callId: outward,
      cseq: 1,
      fields: [`Contact: <sip:alice@${alice.address}>`],
      sdp: sessionDescription(aliceMedia.address),
    }),
  );
  const first = await provider.next();
  const aliceAdvertised = mediaAddress(first.text);
  expect(aliceAdvertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));

  provider.send(
    carolOutside,
    request("INVITE", {
      uri: `sip:carol@${carolOutside}`,
      by: provider.address,
      from: "<sip:alice@example.com>;tag=a",
      to: "<sip:carol@example.com>",
      callId: inward,
      cseq: 1,
      fields: [`Contact: ${field(first.text, "Contact")}`],
      sdp: sessionDescription(aliceAdvertised),
    }),
  );
  const { text: second } = await carol.next();
  expect(startLine(second)).toBe(`INVITE sip:carol@${carol.address} SIP/2.0`);
  expect(mediaAddress(second)).toBe(aliceMedia.address);

  const fields = [`Contact: <sip:carol@${carol.address}>`];
  const answer = sessionDescription(carolMedia.address);
  carol.send(provider.address, response(second, "200 OK", { toTag: "c", fields, sdp: answer }));
  const { text: answered } = await provider.next();
  const carolAdvertised = mediaAddress(answered);
  expect(carolAdvertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  expect(carolAdvertised).not.toBe(aliceAdvertised);

  const sdp = sessionDescription(carolAdvertised);
  provider.send(first.source, response(first.text, "200 OK", { toTag: "c", sdp }));
  expect(mediaAddress((await alice.next()).text)).toBe(carolMedia.address);
  expect(await mediaSource(aliceMedia, carolMedia.address, carolMedia)).toBe(aliceMedia.address);
});
