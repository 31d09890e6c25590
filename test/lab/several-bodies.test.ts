import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { inviteTo, mediaAddress, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, PROVIDER_MEDIA] = PROVIDER_HOSTS;

let lab: Lab;
let phones: ScriptMachine;
let providers: ScriptMachine;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  phones = new ScriptMachine(lab, "phone");
  providers = new ScriptMachine(lab, "prov");
});

afterAll(() => lab?.dispose());

/** Opens the media of both sides: that of the session, and that of the early session. */
function open(machine: ScriptMachine, host: string, ...ports: readonly number[]): Promise<ScriptEnd[]> {
  return Promise.all(ports.map((port) => machine.open(`${host}:${port}`)));
}

/** A message with two session descriptions, of which the second is for early media (RFC 3959 §4). */
function twoSessions(message: string, [session, early]: readonly ScriptEnd[]): string {
  if (session === undefined || early === undefined) throw new Error("There are not two streams.");
  const parts = [
    `--b\r\nContent-Type: application/sdp\r\n\r\n${sessionDescription(session.address)}\r\n`,
    `--b\r\nContent-Type: application/sdp\r\nContent-Disposition: early-session\r\n\r\n`,
    `${sessionDescription(early.address)}\r\n--b--\r\n`,
  ];
  const body = parts.join("");
  return message.replace(
    /Content-Length: 0\r\n\r\n$/,
    `Content-Type: multipart/mixed;boundary=b\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** The addresses of the two sessions of a message. */
function addresses(text: string): string[] {
  return text
    .split("--b\r\n")
    .slice(1)
    .map((part) => mediaAddress(part));
}

test("the media of both session descriptions of a message go both ways", async () => {
  const phone = await phones.open(`${PHONE}:5060`);
  const provider = await providers.open(`${PROVIDER}:5060`);
  const inside = await open(phones, PHONE, 4000, 4002);
  const outside = await open(providers, PROVIDER_MEDIA, 7000, 7002);
  const invite = inviteTo(PROVIDER, phone.address);
  phone.send(provider.address, twoSessions(invite, inside));
  const { text, source } = await provider.next();
  const advertised = addresses(text);

  provider.send(source, twoSessions(response(text, "200 OK", { toTag: "b" }), outside));
  expect(addresses((await phone.next()).text)).toEqual(outside.map(({ address }) => address));
  for (const [at, ours] of inside.entries()) {
    const theirs = outside[at];
    const port = advertised[at];
    if (theirs === undefined || port === undefined) throw new Error(`There is no session ${at}.`);
    expect(await mediaSource(theirs, port, ours)).toBe(theirs.address);
    expect(await mediaSource(ours, theirs.address, theirs)).toBe(port);
  }
});
