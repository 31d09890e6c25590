import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";
import { sessionDescription } from "./script-message.ts";
import { setUdpTimeouts } from "./udp-timeouts.ts";

/** Short lives in seconds, none of which ends these calls, and ports for both. */
const CONFIG = `
[ports]
media = "10000-10003"
[timers]
early = 3
linger = 1
`;

let lab: Lab;
let daemon: Daemon;
let gauge: GatewayGauge;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  await setUdpTimeouts(lab, 2);
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  gauge = new GatewayGauge(lab);
});

afterAll(() => {
  gauge?.stop();
  lab?.dispose();
});

test("64*T1 after a BYE that is never answered, and after a 200 that is never acknowledged, a call is over", async () => {
  const call = await ScriptCall.open(lab, "unanswered-bye@phone");
  await call.establish();
  expect(call.advertised).toMatch(/:1000[02]$/);
  await call.phoneSays("BYE");

  const unacknowledged = call.another("unacknowledged@phone", {
    phoneMedia: await call.inside.open(`${phoneAddress(0)}:6002`),
    providerMedia: await call.outside.open(`${PROVIDER_HOSTS[1]}:7002`),
  });
  await unacknowledged.invite();
  await unacknowledged.answer("200 OK", { sdp: sessionDescription(unacknowledged.providerMedia.address) });
  expect(await gauge.remains(daemon)).toMatchObject({ calls: 2, streams: 2 });
  const nothing = { expectations: 0, masters: 0, calls: 0, streams: 0 };
  expect(await gauge.drained(daemon, 45_000)).toEqual(nothing);
});
