import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Lab, PROVIDER_HOSTS } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";
import { sessionDescription } from "./script-message.ts";

const [, MEDIA_SERVER, OTHER_HOST] = PROVIDER_HOSTS;

let lab: Lab;
let call: ScriptCall;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  call = await ScriptCall.open(lab, "stray@phone");
});

afterEach(() => lab.dispose());

/** Somebody sends to the external RTP and RTCP ports, as scanners do, and late packets of other calls. */
async function stray(from: string): Promise<void> {
  const end = await call.outside.open(from);
  const [host = "", port = ""] = call.advertised.split(":");
  for (const offset of [0, 1]) end.send(`${host}:${Number(port) + offset}`, "stray");
  await delay(200);
}

const strays = [
  { who: "a host that the SDP does not name", from: `${OTHER_HOST}:9000` },
  { who: "another port of the remote's media host", from: `${MEDIA_SERVER}:9000` },
] as const;
const firsts = ["phone", "provider"] as const;
const rows = strays.flatMap((row) => firsts.map((first) => ({ ...row, first })));

async function bothSpeak(first: (typeof firsts)[number]): Promise<void> {
  if (first === "phone") await call.phoneSpeaks();
  await call.providerSpeaks();
  await call.phoneSpeaks();
}

test.for(rows)(
  "a packet from $who before the answer costs nobody their audio ($first speaks first)",
  async ({ from, first }) => {
    await call.invite();
    await call.answer("180 Ringing");
    await stray(from);
    await call.answer("200 OK", { sdp: sessionDescription(call.providerMedia.address) });
    await call.phoneSays("ACK");
    await bothSpeak(first);
  },
);

test.for(rows)(
  "a packet from $who after the answer costs nobody their audio ($first speaks first)",
  async ({ from, first }) => {
    await call.establish();
    await stray(from);
    await bothSpeak(first);
  },
);
