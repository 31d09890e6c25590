import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, ScriptMachine } from "./script-end.ts";
import { mediaAddress, request, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, PROVIDER_MEDIA] = PROVIDER_HOSTS;

let lab: Lab;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
});

afterAll(() => lab?.dispose());

test("a phone that trickles a candidate while it rings names its advertised port, and its media goes both ways", async () => {
  const inside = new ScriptMachine(lab, "phone");
  const outside = new ScriptMachine(lab, "prov");
  const phone = await inside.open(`${PHONE}:5060`);
  const media = await inside.open(`${PHONE}:4000`);
  const provider = await outside.open(`${PROVIDER}:5060`);
  const theirs = await outside.open(`${PROVIDER_MEDIA}:7000`);
  const dialog = {
    uri: `sip:bob@${PROVIDER}`,
    by: phone.address,
    from: "<sip:alice@example.com>;tag=a",
    to: "<sip:bob@example.com>",
    callId: "call@phone",
    fields: [`Contact: <sip:alice@${phone.address}>`],
  };
  phone.send(
    provider.address,
    request("INVITE", { ...dialog, cseq: 1, sdp: sessionDescription(media.address) }),
  );
  const { text, source } = await provider.next();
  const [, port] = mediaAddress(text).split(":");

  const fragment = `m=audio 9 RTP/AVP 8\r\na=mid:0\r\na=candidate:1 1 UDP 2130706431 ${PHONE} 4000 typ host\r\n`;
  const info = request("INFO", { ...dialog, cseq: 2, sdp: fragment });
  phone.send(provider.address, info.replace("application/sdp", "application/trickle-ice-sdpfrag"));
  const trickled = (await provider.next()).text;
  expect(trickled).toContain(`a=candidate:1 1 UDP 2130706431 ${GATEWAY_OUTSIDE} ${port} typ host\r\n`);
  provider.send(source, response(trickled, "200 OK", { toTag: "b" }));
  await phone.next();

  provider.send(source, response(text, "200 OK", { toTag: "b", sdp: sessionDescription(theirs.address) }));
  await phone.next();
  expect(await mediaSource(theirs, `${GATEWAY_OUTSIDE}:${port}`, media)).toBe(theirs.address);
  expect(await mediaSource(media, theirs.address, theirs)).toBe(`${GATEWAY_OUTSIDE}:${port}`);
});
