import { afterAll, beforeAll, expect, test } from "vitest";
import { openCallEnds } from "./call-ends.ts";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS } from "./namespaces.ts";
import { mediaSource, type ScriptEnd } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const [PROVIDER] = PROVIDER_HOSTS;
const ALICE = "<sip:alice@example.com>";
const BOB = "<sip:bob@example.com>";

let lab: Lab;
let phone: ScriptEnd;
let phoneMedia: ScriptEnd;
let provider: ScriptEnd;
let providerMedia: ScriptEnd;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  ({ phone, phoneMedia, provider, providerMedia } = await openCallEnds(lab));
});

afterAll(() => lab?.dispose());

test("a phone answers in its ACK the offer that came in the 200: media goes both ways", async () => {
  const dialog = { callId: "delayed@phone", from: `${ALICE};tag=a`, by: phone.address };
  const contact = `Contact: <sip:alice@${phone.address}>`;
  const uri = `sip:bob@${PROVIDER}`;
  phone.send(provider.address, request("INVITE", { ...dialog, uri, to: BOB, cseq: 1, fields: [contact] }));
  const invite = await provider.next();
  expect(field(invite.text, "Contact")).toBe(`<sip:alice@${GATEWAY_OUTSIDE}:5060>`);
  const offer = sessionDescription(providerMedia.address);
  provider.send(invite.source, response(invite.text, "200 OK", { toTag: "b", sdp: offer }));
  expect(mediaAddress((await phone.next()).text)).toBe(providerMedia.address);
  const sdp = sessionDescription(phoneMedia.address);
  phone.send(provider.address, request("ACK", { ...dialog, uri, to: `${BOB};tag=b`, cseq: 1, sdp }));
  const advertised = mediaAddress((await provider.next()).text);
  expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  expect(await mediaSource(providerMedia, advertised, phoneMedia)).toBe(providerMedia.address);
  expect(await mediaSource(phoneMedia, providerMedia.address, providerMedia)).toBe(advertised);
});

test("a phone that is called without an offer makes one in its 200, which the ACK answers: media goes both ways", async () => {
  phone.send(
    provider.address,
    request("REGISTER", {
      uri: `sip:${PROVIDER}`,
      by: phone.address,
      from: `${ALICE};tag=r`,
      to: ALICE,
      callId: "registration@phone",
      cseq: 1,
      fields: [`Contact: <sip:alice@${phone.address}>`],
    }),
  );
  const { text: register, source } = await provider.next();
  const contact = field(register, "Contact");
  provider.send(
    source,
    response(register, "200 OK", { toTag: "r", fields: [`Contact: ${contact};expires=60`] }),
  );
  await phone.next();

  const dialog = { callId: "delayed@provider", from: `${BOB};tag=b`, by: provider.address };
  const uri = contact.slice(1, -1);
  provider.send(source, request("INVITE", { ...dialog, uri, to: ALICE, cseq: 1 }));
  const { text: invite } = await phone.next();
  const offer = sessionDescription(phoneMedia.address);
  phone.send(provider.address, response(invite, "200 OK", { toTag: "a", sdp: offer }));
  const advertised = mediaAddress((await provider.next()).text);
  expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  const sdp = sessionDescription(providerMedia.address);
  provider.send(source, request("ACK", { ...dialog, uri, to: `${ALICE};tag=a`, cseq: 1, sdp }));
  expect(mediaAddress((await phone.next()).text)).toBe(providerMedia.address);
  expect(await mediaSource(phoneMedia, providerMedia.address, providerMedia)).toBe(advertised);
  expect(await mediaSource(providerMedia, advertised, phoneMedia)).toBe(providerMedia.address);
});
