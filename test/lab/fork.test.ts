import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { untilHeard } from "./repeated-media.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROXY, ...FORK_HOSTS] = PROVIDER_HOSTS;

let lab: Lab;
let phones: ScriptMachine;
let phone: ScriptEnd;
let phoneMedia: ScriptEnd;
let proxy: ScriptEnd;
let forks: readonly ScriptEnd[];

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  phones = new ScriptMachine(lab, "phone");
  const providers = new ScriptMachine(lab, "prov");
  phone = await phones.open(`${PHONE}:5060`);
  proxy = await providers.open(`${PROXY}:5060`);
  forks = await Promise.all(FORK_HOSTS.map((host, index) => providers.open(`${host}:${7000 + 100 * index}`)));
});

// None of the calls ends, so each has a media port of its own.
let port = 4000;
beforeEach(async () => {
  phoneMedia = await phones.open(`${PHONE}:${port}`);
  port += 2;
});

afterAll(() => lab?.dispose());

/** The phone calls; three phones of the other side ring, each with early media of its own. */
async function ring(callId: string): Promise<{ readonly invite: string; readonly advertised: string }> {
  phone.send(
    proxy.address,
    request("INVITE", {
      uri: `sip:bob@${PROXY}`,
      by: phone.address,
      from: "<sip:alice@example.com>;tag=alice",
      to: "<sip:bob@example.com>",
      callId,
      cseq: 1,
      fields: [`Contact: <sip:alice@${phone.address}>`],
      sdp: sessionDescription(phoneMedia.address),
    }),
  );
  const { text: invite, source } = await proxy.next();
  for (const [index, fork] of forks.entries()) {
    const sdp = sessionDescription(fork.address);
    proxy.send(source, response(invite, "183 Session Progress", { toTag: `fork${index}`, sdp }));
    const { text } = await phone.next();
    expect(field(text, "To")).toBe(`<sip:bob@example.com>;tag=fork${index}`);
    expect(mediaAddress(text)).toBe(fork.address);
  }
  return { invite, advertised: mediaAddress(invite) };
}

/** One of the forks answers; the answer repeats the SDP that its 183 had. */
async function answer(invite: string, winner: number): Promise<ScriptEnd> {
  const fork = forks[winner];
  if (fork === undefined) throw new Error(`There is no fork ${winner}.`);
  const sdp = sessionDescription(fork.address);
  proxy.send(`${GATEWAY_OUTSIDE}:5060`, response(invite, "200 OK", { toTag: `fork${winner}`, sdp }));
  expect(field((await phone.next()).text, "To")).toBe(`<sip:bob@example.com>;tag=fork${winner}`);
  return fork;
}

test.for([0, 1, 2])(
  "of three forks, the media of number %i, which answers, goes both ways",
  async (winner) => {
    const { invite, advertised } = await ring(`answered-by-${winner}`);
    expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
    const fork = await answer(invite, winner);
    // Which end speaks first is up to the two: the kernel takes either.
    if (winner === 1) expect(await mediaSource(fork, advertised, phoneMedia)).toBe(fork.address);
    expect(await mediaSource(phoneMedia, fork.address, fork)).toBe(advertised);
    expect(await mediaSource(fork, advertised, phoneMedia)).toBe(fork.address);
  },
);

test.for([0, 1, 2])(
  "the early media of three forks is heard, and the call goes on when number %i answers",
  async (winner) => {
    const { invite, advertised } = await ring(`all-early-then-${winner}`);
    // A stream of packets each: the first of one fork may come while the last one's has just used the expectation.
    for (const fork of forks) {
      await untilHeard(fork, advertised, phoneMedia, fork.address);
      await untilHeard(phoneMedia, fork.address, fork, advertised);
    }
    const fork = await answer(invite, winner);
    await untilHeard(fork, advertised, phoneMedia, fork.address);
    await untilHeard(phoneMedia, fork.address, fork, advertised);
  },
);

test.for([0, 1, 2])(
  "a fork's early media does not keep out number %i, which is silent until it answers",
  async (winner) => {
    const { invite, advertised } = await ring(`one-early-then-${winner}`);
    const [early] = forks.filter((_, index) => index !== winner);
    if (early === undefined) throw new Error("There is no other fork.");
    await untilHeard(early, advertised, phoneMedia, early.address);
    const fork = await answer(invite, winner);
    await untilHeard(fork, advertised, phoneMedia, fork.address);
    await untilHeard(phoneMedia, fork.address, fork, advertised);
  },
);
