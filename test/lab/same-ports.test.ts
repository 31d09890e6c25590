import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Lab, phoneAddress } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";
import { mediaSource } from "./script-end.ts";

let lab: Lab;
let daemon: Daemon;
let first: ScriptCall;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  first = await ScriptCall.open(lab, "first@phone");
});

afterAll(() => lab?.dispose());

test("of two calls between the same two media ports, the later one's media stays where its SDP says", async () => {
  await first.establish();
  await first.phoneSpeaks();
  await first.providerSpeaks();
  const second = first.another("second@phone");
  await second.establish();
  expect(second.advertised).not.toBe(first.advertised);
  await second.phoneSpeaks();
  await second.providerSpeaks();
  const { phoneMedia, providerMedia, advertised } = second;
  // The first call learns that its flow is gone when the second one's stands, and looks for it.
  await lab.exec(
    "gw",
    "conntrack",
    "-D",
    "-p",
    "udp",
    "--orig-src",
    phoneAddress(0),
    "--orig-port-src",
    "6000",
  );
  await second.phoneSpeaks();
  await second.providerSpeaks();
  const removed = async (): Promise<number> => (await daemon.stats()).counters.strayRemoved;
  const before = await removed();
  // Longer than the gateway looks whether media has gone astray; from here on not one packet may be lost.
  for (let n = 0; n < 30; n++) {
    expect(await mediaSource(phoneMedia, providerMedia.address, providerMedia)).toBe(advertised);
    expect(await mediaSource(providerMedia, advertised, phoneMedia)).toBe(providerMedia.address);
    // What still comes for the first call is heard too, from a port that the kernel had to choose.
    expect(await mediaSource(providerMedia, first.advertised, phoneMedia)).not.toBe(providerMedia.address);
    await delay(200);
  }
  expect(await removed()).toBe(before);
});
