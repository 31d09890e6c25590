import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const [PROVIDER, MEDIA_SERVER] = PROVIDER_HOSTS;

let lab: Lab;
let phones: ScriptMachine;
let providers: ScriptMachine;
let alice: ScriptEnd;
let provider: ScriptEnd;

beforeEach(async () => {
  lab = new Lab({ phones: 2 });
  await Daemon.start(lab);
  phones = new ScriptMachine(lab, "phone");
  providers = new ScriptMachine(lab, "prov");
  alice = await phones.open(`${phoneAddress(0)}:5060`);
  provider = await providers.open(`${PROVIDER}:5060`);
});

afterEach(() => lab.dispose());

/**
 * A phone calls `peer` and is answered; its Call-ID names its inside address, as those of many phones do.
 *
 * @returns the INVITE as the provider read it, and where that came from
 */
async function call(phone: ScriptEnd, media: ScriptEnd, callId: string, peer: string) {
  phone.send(
    provider.address,
    request("INVITE", {
      uri: `sip:${peer}@${PROVIDER}`,
      by: phone.address,
      from: `<sip:user@example.com>;tag=from-${callId}`,
      to: `<sip:${peer}@example.com>`,
      callId,
      cseq: 1,
      fields: [`Contact: <sip:user@${phone.address}>`],
      sdp: sessionDescription(media.address),
    }),
  );
  const { text, source } = await provider.next();
  const sdp = sessionDescription(`${MEDIA_SERVER}:7000`);
  provider.send(source, response(text, "200 OK", { toTag: `to-${callId}`, sdp }));
  await phone.next();
  return { invite: text, source };
}

test("a phone's attended transfer names the other dialog as it knows it, and itself by its outside address", async () => {
  const first = `first@${phoneAddress(0)}`;
  const second = `second@${phoneAddress(0)}`;
  await call(alice, await phones.open(`${phoneAddress(0)}:4000`), first, "bob");
  const { invite } = await call(alice, await phones.open(`${phoneAddress(0)}:4002`), second, "carol");
  expect(field(invite, "Call-ID")).toBe(second);

  const replaces = encodeURIComponent(`${second};to-tag=to-${second};from-tag=from-${second}`);
  const target = `<sip:carol@${PROVIDER}:5060?Replaces=${replaces}>`;
  alice.send(
    provider.address,
    request("REFER", {
      uri: `sip:bob@${PROVIDER}`,
      by: alice.address,
      from: `<sip:user@example.com>;tag=from-${first}`,
      to: `<sip:bob@example.com>;tag=to-${first}`,
      callId: first,
      cseq: 2,
      fields: [
        `Contact: <sip:user@${alice.address}>`,
        `Refer-To: ${target}`,
        `Referred-By: <sip:user@${alice.address}>`,
      ],
    }),
  );
  const { text: refer, source } = await provider.next();
  expect(field(refer, "Refer-To")).toBe(target);
  expect(field(refer, "Referred-By")).toBe(`<sip:user@${GATEWAY_OUTSIDE}:5060>`);
  expect(field(refer, "Contact")).toBe(`<sip:user@${GATEWAY_OUTSIDE}:5060>`);
  expect(field(refer, "Call-ID")).toBe(first);

  provider.send(source, response(refer, "202 Accepted"));
  expect(field((await alice.next()).text, "Via")).toContain(`SIP/2.0/UDP ${alice.address};`);
});

test("a phone that is transferred to another phone behind the gateway is referred to its inside address", async () => {
  const dora = await phones.open(`${phoneAddress(1)}:5060`);
  await call(alice, await phones.open(`${phoneAddress(0)}:4000`), "referred", "bob");
  const { invite, source: doraOutside } = await call(
    dora,
    await phones.open(`${phoneAddress(1)}:4000`),
    `consulted@${phoneAddress(1)}`,
    "bob",
  );
  const outside = field(invite, "Contact").slice("<sip:user@".length, -1);
  expect(outside).toBe(doraOutside);

  const header = `?Replaces=consulted%40${phoneAddress(1)}%3Bto-tag%3Da%3Bfrom-tag%3Db`;
  provider.send(
    `${GATEWAY_OUTSIDE}:5060`,
    request("REFER", {
      uri: `sip:user@${GATEWAY_OUTSIDE}:5060`,
      by: provider.address,
      from: "<sip:bob@example.com>;tag=to-referred",
      to: "<sip:user@example.com>;tag=from-referred",
      callId: "referred",
      cseq: 1,
      fields: [`Refer-To: <sip:user@${outside}${header}>`],
    }),
  );
  const { text: refer } = await alice.next();
  expect(field(refer, "Refer-To")).toBe(`<sip:user@${dora.address}${header}>`);
});

test("an INVITE with Replaces reaches the phone with the dialog as it knows it, and its media goes both ways", async () => {
  const callId = `consulted@${phoneAddress(0)}`;
  const old = await phones.open(`${phoneAddress(0)}:4000`);
  await call(alice, old, callId, "bob");
  const media = await phones.open(`${phoneAddress(0)}:4002`);
  const carolMedia = await providers.open(`${PROVIDER_HOSTS[2]}:7200`);
  const replaces = `${callId};to-tag=from-${callId};from-tag=to-${callId}`;
  provider.send(
    `${GATEWAY_OUTSIDE}:5060`,
    request("INVITE", {
      uri: `sip:user@${GATEWAY_OUTSIDE}:5060`,
      by: provider.address,
      from: "<sip:carol@example.com>;tag=c",
      to: "<sip:user@example.com>",
      callId: "takes-over",
      cseq: 1,
      fields: [`Replaces: ${replaces}`],
      sdp: sessionDescription(carolMedia.address),
    }),
  );
  const { text: invite } = await alice.next();
  expect(field(invite, "Replaces")).toBe(replaces);
  const sdp = sessionDescription(media.address);
  alice.send(provider.address, response(invite, "200 OK", { toTag: "d", sdp }));
  const advertised = mediaAddress((await provider.next()).text);
  expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));

  const bye = { uri: `sip:user@${GATEWAY_OUTSIDE}:5060`, by: provider.address, cseq: 1 };
  const from = `<sip:bob@example.com>;tag=to-${callId}`;
  const to = `<sip:user@example.com>;tag=from-${callId}`;
  provider.send(`${GATEWAY_OUTSIDE}:5060`, request("BYE", { ...bye, from, to, callId }));
  alice.send(provider.address, response((await alice.next()).text, "200 OK"));
  await provider.next();
  // The end of the dialog that was replaced closes its media, not that of the one that replaces it.
  expect(await mediaSource(carolMedia, advertised, media)).toBe(carolMedia.address);
  expect(await mediaSource(media, carolMedia.address, carolMedia)).toBe(advertised);
});
