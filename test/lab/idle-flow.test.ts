import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Lab } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";
import { setUdpTimeouts } from "./udp-timeouts.ts";

/** Seconds after which the lab's gateway forgets a silent UDP flow; Linux's defaults are 30 and 120. */
const UDP_TIMEOUT = 2;

let lab: Lab;
let call: ScriptCall;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await setUdpTimeouts(lab, UDP_TIMEOUT);
  await Daemon.start(lab);
  call = await ScriptCall.open(lab, "idle@phone");
  await call.establish();
  await call.providerSpeaks();
  await call.phoneSpeaks();
});

afterEach(() => lab.dispose());

/** Waits until the gateway has forgotten the media's flow. */
async function mediaForgotten(): Promise<void> {
  const [host = ""] = call.providerMedia.address.split(":");
  for (;;) {
    const listed = await lab.exec("gw", "conntrack", "-L", "-p", "udp");
    const flows = listed.split("\n").filter((line) => line.includes(host) && !line.includes("dport=0 "));
    if (flows.length === 0) return;
    await delay(200);
  }
}

const firsts = ["phone", "provider"] as const;

async function bothSpeak(first: (typeof firsts)[number]): Promise<void> {
  if (first === "phone") await call.phoneSpeaks();
  await call.providerSpeaks();
  await call.phoneSpeaks();
}

test.for(firsts)(
  "after a silence that outlasts the media's conntrack, without any SIP, the %s speaks and both are heard",
  async (first) => {
    await mediaForgotten();
    await bothSpeak(first);
  },
);

test("it is so after each of several such silences", async () => {
  for (const first of firsts) {
    await mediaForgotten();
    await bothSpeak(first);
  }
});

test.for(firsts)("conntrack -F in mid-call, then the %s speaks: both are heard", async (first) => {
  await lab.exec("gw", "conntrack", "-F");
  await bothSpeak(first);
});

test("conntrack -F while both speak: both are heard again within a second", async () => {
  const { phoneMedia, providerMedia, advertised } = call;
  const talk = setInterval(() => {
    phoneMedia.send(providerMedia.address, "talk");
    providerMedia.send(advertised, "talk");
  }, 20);
  try {
    await delay(200);
    await lab.exec("gw", "conntrack", "-F");
    await delay(1000);
    await bothSpeak("provider");
  } finally {
    clearInterval(talk);
  }
});

test("after conntrack -F the phone's SIP comes from the same external port", async () => {
  const { source } = await call.phoneSays("INFO");
  await lab.exec("gw", "conntrack", "-F");
  expect((await call.phoneSays("INFO")).source).toBe(source);
});

test("after conntrack -F a request of the provider reaches the phone, at the latest when it is repeated", async () => {
  await lab.exec("gw", "conntrack", "-F");
  await call.providerSays("INFO");
});
