import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const PBX = phoneAddress(0);
const MEDIA_SERVER = phoneAddress(1);
const [PROVIDER, PROVIDER_MEDIA] = PROVIDER_HOSTS;

let lab: Lab;
let pbx: ScriptEnd;
let media: ScriptEnd;
let provider: ScriptEnd;
let providerMedia: ScriptEnd;
let invite: string;

beforeEach(async () => {
  lab = new Lab({ phones: 2 });
  const inside = new ScriptMachine(lab, "phone");
  const outside = new ScriptMachine(lab, "prov");
  pbx = await inside.open(`${PBX}:5060`);
  media = await inside.open(`${MEDIA_SERVER}:4000`);
  provider = await outside.open(`${PROVIDER}:5060`);
  providerMedia = await outside.open(`${PROVIDER_MEDIA}:7000`);
  invite = request("INVITE", {
    uri: `sip:bob@${PROVIDER}`,
    by: pbx.address,
    from: "<sip:office@example.com>;tag=a",
    to: "<sip:bob@example.com>",
    callId: "call@pbx",
    cseq: 1,
    fields: [`Contact: <sip:office@${pbx.address}>`],
    sdp: sessionDescription(media.address),
  });
});

afterEach(() => lab.dispose());

test("the media of a PBX's configured media server goes both ways through the gateway", async () => {
  const file = join(lab.directory, "sipexpectd.toml");
  await writeFile(file, `[media]\nhosts = ["${MEDIA_SERVER}/32"]\n`);
  await Daemon.start(lab, ["--config", file]);
  pbx.send(provider.address, invite);
  const { text, source } = await provider.next();
  expect(field(text, "Contact")).toBe(`<sip:office@${GATEWAY_OUTSIDE}:5060>`);
  expect(text).toContain(`\r\no=- 1 1 IN IP4 ${GATEWAY_OUTSIDE}\r\n`);
  const advertised = mediaAddress(text);
  expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));

  provider.send(
    source,
    response(text, "200 OK", { toTag: "b", sdp: sessionDescription(providerMedia.address) }),
  );
  expect(mediaAddress((await pbx.next()).text)).toBe(providerMedia.address);
  expect(await mediaSource(providerMedia, advertised, media)).toBe(providerMedia.address);
  expect(await mediaSource(media, providerMedia.address, providerMedia)).toBe(advertised);
});

test("an INVITE that names an inside media host nobody configured arrives as it was written, and is counted", async () => {
  const daemon = await Daemon.start(lab);
  const told = daemon.next((line) => line.msg === "message passes unmodified");
  pbx.send(provider.address, invite);
  expect((await provider.next()).text).toBe(invite);
  expect(await told).toMatchObject({
    callId: "call@pbx",
    method: "INVITE",
    reason: "media-host-not-allowed",
  });
  const { counters } = await daemon.stats();
  expect(counters.skipped).toEqual({ "media-host-not-allowed": 1 });
  expect(counters.passed.untranslatable).toBe(1);
  expect(counters.armed).toBe(0);
});
