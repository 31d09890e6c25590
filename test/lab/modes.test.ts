import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { inviteTo, response, sessionDescription } from "./script-message.ts";

const [PROVIDER, PROVIDER_MEDIA] = PROVIDER_HOSTS;

let lab: Lab;
let phone: ScriptEnd;
let phoneMedia: ScriptEnd;
let provider: ScriptEnd;
let providerMedia: ScriptEnd;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  const inside = new ScriptMachine(lab, "phone");
  const outside = new ScriptMachine(lab, "prov");
  phone = await inside.open(`${phoneAddress(0)}:5060`);
  phoneMedia = await inside.open(`${phoneAddress(0)}:4000`);
  provider = await outside.open(`${PROVIDER}:5060`);
  providerMedia = await outside.open(`${PROVIDER_MEDIA}:7000`);
});

afterEach(() => lab.dispose());

async function daemonWith(mode: string): Promise<Daemon> {
  const file = join(lab.directory, "sipexpectd.toml");
  await writeFile(file, `[[modes]]\noutside = "${PROVIDER}/32"\nmode = "${mode}"\n`);
  return await Daemon.start(lab, ["--config", file]);
}

function invite(media: string): string {
  return inviteTo(PROVIDER, phone.address, { sdp: sessionDescription(media) });
}

/** Sends an INVITE and its answer through the gateway; both must arrive as they were written. */
async function call(sent: string): Promise<void> {
  phone.send(provider.address, sent);
  const { text, source } = await provider.next();
  expect(text).toBe(sent);
  const answer = response(text, "200 OK", { toTag: "b", sdp: sessionDescription(providerMedia.address) });
  provider.send(source, answer);
  expect((await phone.next()).text).toBe(answer);
}

test("mode pinhole changes no byte, and lets the media of a phone that knows its public address in", async () => {
  const daemon = await daemonWith("pinhole");
  const publicMedia = `${GATEWAY_OUTSIDE}:4000`;
  await call(invite(publicMedia));
  expect((await daemon.stats()).counters.passed["mode-pinhole"]).toBe(2);
  expect(await mediaSource(providerMedia, publicMedia, phoneMedia)).toBe(providerMedia.address);
  expect(await mediaSource(phoneMedia, providerMedia.address, providerMedia)).toBe(publicMedia);
});

test("mode off changes no byte and opens nothing", async () => {
  const daemon = await daemonWith("off");
  await call(invite(`${GATEWAY_OUTSIDE}:4000`));
  expect((await daemon.stats()).counters.passed["mode-off"]).toBeGreaterThanOrEqual(1);
  expect(await lab.exec("gw", "conntrack", "-L", "expect")).toBe("");
});
