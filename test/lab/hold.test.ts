import { afterEach, beforeEach, expect, test } from "vitest";
import { openCallEnds } from "./call-ends.ts";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, MEDIA_SERVER] = PROVIDER_HOSTS;
const ALICE = "<sip:alice@example.com>;tag=a";
const BOB = "<sip:bob@example.com>";
const CALL = { callId: "held@phone" };

let lab: Lab;
let daemon: Daemon;
let phone: ScriptEnd;
let phoneMedia: ScriptEnd;
let provider: ScriptEnd;
let providerMedia: ScriptEnd;
let cseq: number;
let advertised: string;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  const ends = await openCallEnds(lab);
  ({ phone, provider, providerMedia } = ends);
  // A port that is another one outside: what is given out next would not be the same again.
  phoneMedia = await ends.inside.open(`${PHONE}:7070`);
  cseq = 1;
  const answered = await phoneOffers(sessionDescription(phoneMedia.address), providerDescription("sendrecv"));
  advertised = mediaAddress(answered.offer);
  expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  await expectMediaBothWays();
});

afterEach(() => lab.dispose());

function providerDescription(direction: string): string {
  return sessionDescription(providerMedia.address, [direction]);
}

/** An INVITE of the phone and its 200; returns the offer as the provider read it and the answer as the phone did. */
async function phoneOffers(sdp: string, answer: string): Promise<{ offer: string; answer: string }> {
  const to = cseq === 1 ? BOB : `${BOB};tag=b`;
  const fields = [`Contact: <sip:alice@${phone.address}>`];
  const uri = `sip:bob@${PROVIDER}`;
  const invite = request("INVITE", { ...CALL, uri, by: phone.address, from: ALICE, to, cseq, fields, sdp });
  phone.send(provider.address, invite);
  const { text: offer, source } = await provider.next();
  provider.send(source, response(offer, "200 OK", { toTag: cseq === 1 ? "b" : "", sdp: answer }));
  cseq++;
  return { offer, answer: (await phone.next()).text };
}

/** An INVITE of the provider within the call and its 200; returns both as the other side read them. */
async function providerOffers(sdp: string, answer: string): Promise<{ offer: string; answer: string }> {
  const uri = `sip:alice@${GATEWAY_OUTSIDE}:5060`;
  const parts = { ...CALL, uri, by: provider.address, from: `${BOB};tag=b`, to: ALICE, cseq: cseq++, sdp };
  provider.send(`${GATEWAY_OUTSIDE}:5060`, request("INVITE", parts));
  const { text: offer } = await phone.next();
  phone.send(provider.address, response(offer, "200 OK", { sdp: answer }));
  return { offer, answer: (await provider.next()).text };
}

async function expectMediaBothWays(): Promise<void> {
  expect(await mediaSource(providerMedia, advertised, phoneMedia)).toBe(providerMedia.address);
  expect(await mediaSource(phoneMedia, providerMedia.address, providerMedia)).toBe(advertised);
}

/** Takes the media's conntrack out of the kernel, as a hold that outlasts its timeout does. */
async function endMediaFlow(): Promise<void> {
  await lab.exec("gw", "conntrack", "-D", "-p", "udp", "-s", MEDIA_SERVER);
}

const directions = [
  { hold: "sendonly", answer: "recvonly" },
  { hold: "inactive", answer: "inactive" },
] as const;

test.for(directions)(
  "a phone that holds with a=$hold and resumes keeps its port, and nothing is armed anew",
  async ({ hold, answer }) => {
    const { armed } = (await daemon.stats()).counters;
    for (const [offered, answered] of [
      [hold, answer],
      ["sendrecv", "sendrecv"],
    ] as const) {
      const sdp = sessionDescription(phoneMedia.address, [offered]);
      const { offer } = await phoneOffers(sdp, providerDescription(answered));
      expect(mediaAddress(offer)).toBe(advertised);
      expect(offer).toContain(`\r\na=${offered}\r\n`);
    }
    expect((await daemon.stats()).counters.armed).toBe(armed);
    await expectMediaBothWays();
  },
);

test.for(directions)(
  "a phone that holds with a=$hold for longer than the media's conntrack lives hears again",
  async ({ hold, answer }) => {
    await phoneOffers(sessionDescription(phoneMedia.address, [hold]), providerDescription(answer));
    await endMediaFlow();
    const resumed = await phoneOffers(
      sessionDescription(phoneMedia.address),
      providerDescription("sendrecv"),
    );
    expect(mediaAddress(resumed.offer)).toBe(advertised);
    await expectMediaBothWays();
  },
);

test("a phone that holds with c=0.0.0.0 is not un-held; when it resumes it has its port again and hears", async () => {
  const held = sessionDescription(phoneMedia.address).replace(`c=IN IP4 ${PHONE}`, "c=IN IP4 0.0.0.0");
  const { offer } = await phoneOffers(held, providerDescription("recvonly"));
  expect(mediaAddress(offer)).toBe("0.0.0.0:7070");
  expect(offer).toContain(`\r\no=- 1 1 IN IP4 ${GATEWAY_OUTSIDE}\r\n`);
  expect(Number(field(offer, "Content-Length"))).toBe(offer.length - offer.indexOf("\r\n\r\n") - 4);
  await endMediaFlow();

  const resumed = await phoneOffers(sessionDescription(phoneMedia.address), providerDescription("sendrecv"));
  expect(mediaAddress(resumed.offer)).toBe(advertised);
  await expectMediaBothWays();
});

test("a provider that holds with c=0.0.0.0 long enough for the media's conntrack to end is heard again", async () => {
  const held = sessionDescription("0.0.0.0:7000");
  const own = sessionDescription(phoneMedia.address);
  const { offer, answer } = await providerOffers(held, own);
  expect(mediaAddress(offer)).toBe("0.0.0.0:7000");
  expect(mediaAddress(answer)).toBe(advertised);
  await endMediaFlow();

  await providerOffers(providerDescription("sendrecv"), own);
  await expectMediaBothWays();
});
