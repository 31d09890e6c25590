import { afterEach, beforeEach, expect, test } from "vitest";
import { openCallEnds } from "./call-ends.ts";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd } from "./script-end.ts";
import { mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, MEDIA_SERVER] = PROVIDER_HOSTS;
const ALICE = "<sip:alice@example.com>;tag=a";
const BOB = "<sip:bob@example.com>";
const IMAGE = "image * udptl t38";

let lab: Lab;
let daemon: Daemon;
let phone: ScriptEnd;
let phoneAudio: ScriptEnd;
let phoneFax: ScriptEnd;
let provider: ScriptEnd;
let providerAudio: ScriptEnd;
let providerFax: ScriptEnd;
/** Where the phone's audio is sent to. */
let audio: string;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  const ends = await openCallEnds(lab);
  ({ phone, phoneMedia: phoneAudio, provider, providerMedia: providerAudio } = ends);
  phoneFax = await ends.inside.open(`${PHONE}:4501`);
  providerFax = await ends.outside.open(`${MEDIA_SERVER}:7500`);

  const invite = await phoneInvites(1, sessionDescription(phoneAudio.address));
  audio = mediaAddress(invite);
  expect(audio).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  const sdp = sessionDescription(providerAudio.address);
  provider.send(`${GATEWAY_OUTSIDE}:5060`, response(invite, "200 OK", { toTag: "b", sdp }));
  await phone.next();
  await expectAudioBothWays();
});

afterEach(() => lab.dispose());

/** An INVITE of the phone, as the provider read it. */
async function phoneInvites(cseq: number, sdp: string): Promise<string> {
  const uri = `sip:bob@${PROVIDER}`;
  const to = cseq === 1 ? BOB : `${BOB};tag=b`;
  const fields = [`Contact: <sip:alice@${phone.address}>`];
  const parts = { uri, by: phone.address, from: ALICE, to, callId: "fax@phone", cseq, fields, sdp };
  phone.send(provider.address, request("INVITE", parts));
  return (await provider.next()).text;
}

/** An INVITE of the provider within the call, as the phone read it. */
async function providerInvites(cseq: number, sdp: string): Promise<string> {
  const uri = `sip:alice@${GATEWAY_OUTSIDE}:5060`;
  const from = `${BOB};tag=b`;
  const parts = { uri, by: provider.address, from, to: ALICE, callId: "fax@phone", cseq, sdp };
  provider.send(`${GATEWAY_OUTSIDE}:5060`, request("INVITE", parts));
  return (await phone.next()).text;
}

async function expectAudioBothWays(): Promise<void> {
  expect(await mediaSource(phoneAudio, providerAudio.address, providerAudio)).toBe(audio);
  expect(await mediaSource(providerAudio, audio, phoneAudio)).toBe(providerAudio.address);
}

test("a call that turns to T.38 carries the fax both ways, without an RTCP port for it", async () => {
  const offer = await providerInvites(1, sessionDescription(providerFax.address, [], IMAGE));
  expect(mediaAddress(offer)).toBe(providerFax.address);
  const { armed } = (await daemon.stats()).counters;
  const sdp = sessionDescription(phoneFax.address, [], IMAGE);
  phone.send(provider.address, response(offer, "200 OK", { sdp }));
  const { text: answer } = await provider.next();
  expect(answer).toMatch(/^m=image \d+ udptl t38\r$/m);
  const fax = mediaAddress(answer);
  expect(fax).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  expect(fax).not.toBe(audio);
  // One port: the way out, and the way in from the media host and the signalling peer; RTCP would take as many again.
  expect((await daemon.stats()).counters.armed).toBe(armed + 3);
  expect(await mediaSource(phoneFax, providerFax.address, providerFax)).toBe(fax);
  expect(await mediaSource(providerFax, fax, phoneFax)).toBe(providerFax.address);
});

test("a phone's offer of T.38 that the provider refuses with 488 leaves the call its audio", async () => {
  const offer = await phoneInvites(2, sessionDescription(phoneFax.address, [], IMAGE));
  expect(mediaAddress(offer)).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  provider.send(`${GATEWAY_OUTSIDE}:5060`, response(offer, "488 Not Acceptable Here"));
  await phone.next();
  await expectAudioBothWays();
  expect(mediaAddress(await phoneInvites(3, sessionDescription(phoneAudio.address)))).toBe(audio);
});

test("a provider's offer of T.38 that the phone refuses with 488 leaves the call its audio", async () => {
  const offer = await providerInvites(1, sessionDescription(providerFax.address, [], IMAGE));
  phone.send(provider.address, response(offer, "488 Not Acceptable Here"));
  await provider.next();
  await expectAudioBothWays();
  expect(mediaAddress(await phoneInvites(2, sessionDescription(phoneAudio.address)))).toBe(audio);
});
