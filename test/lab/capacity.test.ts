import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import { Load } from "./load/load.ts";
import { runLoad, tally } from "./load/run.ts";
import { EXPECT_MAX, holdMachineSetting } from "./machine-setting.ts";
import { Lab } from "./namespaces.ts";

const PHONES = 40;
/** `npm run demo -- --help` has the flags for more of them. */
const CALLS = { calls: 300, rate: 50, hold: 4, direction: "both", scenario: "plain" } as const;
/** Ended calls are not waited for as long as usual; they hold no slots. */
const CONFIG = "[timers]\nlinger = 2\n";

let lab: Lab;
let daemon: Daemon;
let gauge: GatewayGauge;
let load: Load;
let restoreLimit: () => void;

beforeEach(() => {
  restoreLimit = () => {};
});

afterEach(() => {
  load?.close();
  gauge?.stop();
  lab?.dispose();
  restoreLimit();
});

// Calls that ring have two slots each from their offer on: 200 of them where there are 256 slots, 100 where there are
// 64. The kernel's own helper needs slots for as long as a call lasts, and loses more than half of such calls.
test.for([
  { limit: 256, ringTime: 4000 },
  { limit: 64, ringTime: 2000 },
])(
  "with $limit slots in the kernel, 50 calls a second that ring for $ringTime ms have audio both ways",
  async ({ limit, ringTime }) => {
    restoreLimit = await holdMachineSetting(EXPECT_MAX, limit);
    lab = new Lab({ phones: PHONES });
    daemon = await Daemon.start(lab, configured(lab, CONFIG));
    gauge = new GatewayGauge(lab);
    load = await Load.start(lab, { phones: PHONES, ringTime });
    const progress = { registered: 0, placed: 0, up: 0, upPeak: 0, over: 0, failed: 0 };
    const { calls } = await runLoad(load, { phones: PHONES, ...CALLS }, progress);

    expect(progress.upPeak).toBeGreaterThan(150);
    expect(Object.fromEntries(tally(calls.flatMap(({ failure }) => failure ?? [])))).toEqual({});
    expect(calls.filter(({ twoWayAudio, twoWayRtcp }) => twoWayAudio && twoWayRtcp)).toHaveLength(300);
    const nothing = { expectations: 0, masters: 0, calls: 0, streams: 0 };
    expect(await gauge.drained(daemon, 10_000)).toEqual(nothing);
  },
);
