import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { mediaSource, type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { inviteTo, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, PROVIDER_MEDIA, RELAY] = PROVIDER_HOSTS;
/** What a STUN server told the phone of its ports 4000 and 4001. */
const PUBLIC = `${GATEWAY_OUTSIDE}:4000`;
const PUBLIC_RTCP = `${GATEWAY_OUTSIDE}:4001`;

const HOST = `candidate:1 1 UDP 2130706431 ${PHONE} 4000 typ host`;
const REFLEXIVE = `candidate:2 1 UDP 1694498815 ${GATEWAY_OUTSIDE} 4000 typ srflx raddr ${PHONE} rport 4000`;
const RELAYED = `candidate:3 1 UDP 16777215 ${RELAY} 50000 typ relay raddr ${GATEWAY_OUTSIDE} rport 4000`;

let lab: Lab;
let inside: ScriptMachine;
let outside: ScriptMachine;
let phone: ScriptEnd;
let provider: ScriptEnd;

beforeEach(async () => {
  lab = new Lab({ phones: 2 });
  inside = new ScriptMachine(lab, "phone");
  outside = new ScriptMachine(lab, "prov");
  await Daemon.start(lab);
  phone = await inside.open(`${PHONE}:5060`);
  provider = await outside.open(`${PROVIDER}:5060`);
});

afterEach(() => lab.dispose());

/** The phone offers this; its body must arrive as it was written. */
async function offer(sdp: string): Promise<{ readonly answer: (sdp: string) => Promise<void> }> {
  const invite = inviteTo(PROVIDER, phone.address, { sdp });
  phone.send(provider.address, invite);
  const { text, source } = await provider.next();
  expect(text).toContain(`Contact: <sip:alice@${GATEWAY_OUTSIDE}:5060>`);
  expect(text.slice(text.indexOf("\r\n\r\n") + 4)).toBe(sdp);
  return {
    answer: async (theirs) => {
      provider.send(source, response(text, "200 OK", { toTag: "b", sdp: theirs }));
      await phone.next();
    },
  };
}

async function expectations(): Promise<string> {
  return await lab.exec("gw", "conntrack", "-L", "expect");
}

test.for([
  { kind: "an ICE offer whose default is its server reflexive candidate", attributes: [HOST, REFLEXIVE] },
  { kind: "an offer without ICE", attributes: [] },
])("$kind stays as it is, and its RTP and RTCP go both ways", async ({ attributes }) => {
  const media = await inside.open(`${PHONE}:4000`);
  const rtcp = await inside.open(`${PHONE}:4001`);
  const theirs = await outside.open(`${PROVIDER_MEDIA}:7000`);
  const theirRtcp = await outside.open(`${PROVIDER_MEDIA}:7001`);
  const { answer } = await offer(
    sessionDescription(PUBLIC, [...attributes, `rtcp:4001 IN IP4 ${GATEWAY_OUTSIDE}`]),
  );
  await answer(sessionDescription(theirs.address));
  expect(await mediaSource(theirs, PUBLIC, media)).toBe(theirs.address);
  expect(await mediaSource(media, theirs.address, theirs)).toBe(PUBLIC);
  expect(await mediaSource(theirRtcp, PUBLIC_RTCP, rtcp)).toBe(theirRtcp.address);
  expect(await mediaSource(rtcp, theirRtcp.address, theirRtcp)).toBe(PUBLIC_RTCP);
});

test("an ICE offer whose default is a relay's address stays as it is and opens nothing", async () => {
  await offer(sessionDescription(`${RELAY}:50000`, [HOST, REFLEXIVE, RELAYED]));
  expect(await expectations()).toBe("");
});

test.for([
  { what: "another inside host", rtcp: `rtcp:4001 IN IP4 ${phoneAddress(1)}` },
  { what: "a port that is not the next one", rtcp: `rtcp:4011 IN IP4 ${GATEWAY_OUTSIDE}` },
])("an a=rtcp of $what beside a public c= opens no RTCP", async ({ rtcp }) => {
  await offer(sessionDescription(PUBLIC, [rtcp]));
  const opened = await expectations();
  expect(opened).toContain("dport=4000");
  expect(opened).not.toContain("dport=4001");
  expect(opened).not.toContain("dport=4011");
});
