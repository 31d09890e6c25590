import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, inviteTo, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER] = PROVIDER_HOSTS;

let lab: Lab;
let daemon: Daemon;
let phone: ScriptEnd;
let provider: ScriptEnd;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  phone = await new ScriptMachine(lab, "phone").open(`${PHONE}:5060`);
  provider = await new ScriptMachine(lab, "prov").open(`${PROVIDER}:5060`);
});

afterAll(() => lab?.dispose());

const SDP = sessionDescription(`${PHONE}:4000`);
const SIGNED = `--b\r\nContent-Type: application/sdp\r\n\r\n${SDP}\r\n--b--\r\n`;

test.for([
  { reason: "auth-int", more: ['Authorization: Digest username="alice",qop=auth-int'] },
  { reason: "identity", more: ["Identity: eyJ.e30.sig;info=<https://example.net/c>;alg=ES256"] },
  { reason: "signed", more: [], type: "multipart/signed;boundary=b", body: SIGNED },
])(
  "a body under $reason arrives as it was written, its header fields are translated, and the log says why",
  async ({ reason, more, type = "application/sdp", body = SDP }) => {
    const invite = inviteTo(PROVIDER, phone.address, {
      callId: `${reason}@phone`,
      fields: [`Contact: <sip:alice@${phone.address}>`, ...more],
      sdp: body,
    });
    const told = daemon.next((line) => line.msg === "body passes unmodified");
    phone.send(provider.address, invite.replace("application/sdp", type));
    const { text } = await provider.next();
    expect(field(text, "Contact")).toBe(`<sip:alice@${GATEWAY_OUTSIDE}:5060>`);
    expect(text.slice(text.indexOf("\r\n\r\n") + 4)).toBe(body);
    expect(await told).toMatchObject({ callId: `${reason}@phone`, method: "INVITE", reason });
    expect((await daemon.stats()).counters.armed).toBe(0);
  },
);
