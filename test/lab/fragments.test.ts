import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, type Machine, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription, startLine } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, MEDIA_SERVER] = PROVIDER_HOSTS;
const ALICE = "<sip:alice@example.com>;tag=a";
const BOB = "<sip:bob@example.com>;tag=b";
/** What makes an INVITE of 3 kB: three fragments where the MTU is 1500 bytes. */
const LARGE = `X-Large: ${"0123456789".repeat(280)}`;

let lab: Lab;
let phone: ScriptEnd;
let phoneMedia: ScriptEnd;
let provider: ScriptEnd;
let providerMedia: ScriptEnd;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  const phones = new ScriptMachine(lab, "phone");
  const providers = new ScriptMachine(lab, "prov");
  phone = await phones.open(`${PHONE}:5060`);
  phoneMedia = await phones.open(`${PHONE}:4000`);
  provider = await providers.open(`${PROVIDER}:5060`);
  providerMedia = await providers.open(`${MEDIA_SERVER}:7000`);
});

afterAll(() => lab?.dispose());

/** How many IP fragments a machine has made, and how many packets it has put together from such. */
async function fragments(machine: Machine): Promise<{ readonly made: number; readonly joined: number }> {
  const [names = "", values = ""] = (await lab.exec(machine, "cat", "/proc/net/snmp"))
    .split("\n")
    .filter((line) => line.startsWith("Ip:"));
  const count = (name: string): number => Number(values.split(" ")[names.split(" ").indexOf(name)]);
  return { made: count("FragCreates"), joined: count("ReasmOKs") };
}

test("an INVITE of 3 kB from a phone arrives whole and translated, and its media goes both ways", async () => {
  const before = { phone: await fragments("phone"), provider: await fragments("prov") };
  phone.send(
    provider.address,
    request("INVITE", {
      uri: `sip:bob@${PROVIDER}`,
      by: phone.address,
      from: ALICE,
      to: "<sip:bob@example.com>",
      callId: "large@phone",
      cseq: 1,
      fields: [LARGE, `Contact: <sip:alice@${phone.address}>`],
      sdp: sessionDescription(phoneMedia.address),
    }),
  );
  const { text: invite, source } = await provider.next();
  expect((await fragments("phone")).made).toBe(before.phone.made + 3);
  expect((await fragments("prov")).joined).toBe(before.provider.joined + 1);
  expect(invite).toContain(`\r\n${LARGE}\r\n`);
  expect(field(invite, "Contact")).toBe(`<sip:alice@${GATEWAY_OUTSIDE}:5060>`);
  const advertised = mediaAddress(invite);
  expect(advertised).toMatch(new RegExp(`^${GATEWAY_OUTSIDE}:\\d+$`));
  const sdp = sessionDescription(providerMedia.address);
  provider.send(source, response(invite, "200 OK", { toTag: "b", sdp }));
  await phone.next();
  expect(await mediaSource(providerMedia, advertised, phoneMedia)).toBe(providerMedia.address);
  expect(await mediaSource(phoneMedia, providerMedia.address, providerMedia)).toBe(advertised);
});

test("a re-INVITE of 3 kB from a provider arrives whole, at the address the phone itself wrote", async () => {
  const before = { phone: await fragments("phone"), provider: await fragments("prov") };
  provider.send(
    `${GATEWAY_OUTSIDE}:5060`,
    request("INVITE", {
      uri: `sip:alice@${GATEWAY_OUTSIDE}:5060`,
      by: provider.address,
      from: BOB,
      to: ALICE,
      callId: "large@phone",
      cseq: 1,
      fields: [LARGE],
      sdp: sessionDescription(providerMedia.address),
    }),
  );
  const { text: invite, source } = await phone.next();
  expect((await fragments("prov")).made).toBe(before.provider.made + 3);
  expect((await fragments("phone")).joined).toBe(before.phone.joined + 1);
  expect(source).toBe(provider.address);
  expect(startLine(invite)).toBe(`INVITE sip:alice@${phone.address} SIP/2.0`);
  expect(invite).toContain(`\r\n${LARGE}\r\n`);
  expect(mediaAddress(invite)).toBe(providerMedia.address);
});
