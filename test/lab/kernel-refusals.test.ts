import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ArmRequest } from "../../src/kernel/arm.ts";
import { EXPECTATION_CLASS } from "../../src/kernel/expectation-message.ts";
import { Daemon } from "./daemon.ts";
import { configured } from "./gateway-config.ts";
import { KernelAgent } from "./kernel-agent-client.ts";
import { EXPECT_MAX, holdMachineSetting } from "./machine-setting.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { ScriptCall } from "./script-call.ts";
import { sessionDescription } from "./script-message.ts";

const [, , , STRANGER] = PROVIDER_HOSTS;
/** The next call's RTP has the first of them outside. */
const MEDIA_PORTS = { first: 10_000, last: 10_099 };
const CONFIG = `[ports]\nmedia = "${MEDIA_PORTS.first}-${MEDIA_PORTS.last}"\n`;
const LIMIT = 32;

let lab: Lab;
let daemon: Daemon;
let call: ScriptCall;
/** Another that uses the kernel's tables beside the daemon. */
let other: KernelAgent;
let restore: () => void;

beforeEach(async () => {
  restore = () => {};
  lab = new Lab({ phones: 1 });
  other = new KernelAgent(lab, "gw");
  daemon = await Daemon.start(lab, configured(lab, CONFIG));
  call = await ScriptCall.open(lab, "refused@phone");
});

afterEach(() => {
  lab?.dispose();
  restore();
});

/** The other's master of that number, and expectations for `ports` of the gateway. */
function others(number: number, ports: readonly number[]): ArmRequest {
  const source = { host: phoneAddress(0), port: number };
  const flow = { protocol: "udp" as const, source, destination: { host: STRANGER, port: 9 } };
  const expectations = ports.map((port, index) => ({
    direction: "inbound" as const,
    class: index % 2 === 0 ? EXPECTATION_CLASS.audio : EXPECTATION_CLASS.video,
    protocol: "udp" as const,
    timeout: 60,
    from: { host: undefined, port: undefined },
    to: { host: GATEWAY_OUTSIDE, port },
    saved: { host: phoneAddress(0), port },
  }));
  const natSource = { host: GATEWAY_OUTSIDE, port: number };
  return { master: { flow, natSource, timeout: 60 }, createMaster: true, expectations };
}

async function failures(): Promise<Record<string, number>> {
  const { armFailed } = (await daemon.stats()).counters;
  return Object.fromEntries(Object.entries(armFailed).filter(([, times]) => times > 0));
}

async function answered(): Promise<void> {
  await call.answer("200 OK", { sdp: sessionDescription(call.providerMedia.address) });
  await call.phoneSays("ACK");
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(50);
}

async function bothSpeak(): Promise<void> {
  await call.phoneSpeaks();
  await call.providerSpeaks();
}

/** Puts a conntrack without a helper in a master's place. */
async function usurp(flow: ArmRequest["master"]["flow"]): Promise<void> {
  await other.call("remove", flow);
  const nat = { host: GATEWAY_OUTSIDE, port: flow.source.port };
  const pin = { direction: "outbound", flow, nat, timeout: 60 } as const;
  expect(await other.call("pin", pin)).toEqual({ kind: "created" });
}

async function daemonsMaster(): Promise<ArmRequest["master"]["flow"]> {
  const destination = { protocol: "udp", port: 0 } as const;
  const masters = await other.call("dumpConntrack", { family: "ipv4", destination });
  const [master] = masters;
  if (master === undefined || masters.length > 1)
    throw new Error(`The daemon has ${masters.length} masters.`);
  return master.original;
}

/** The daemon's master, which is made without anybody being told of its end. */
async function silentMaster(): Promise<ArmRequest["master"]["flow"]> {
  await lab.exec("gw", "sysctl", "-qw", "net.netfilter.nf_conntrack_events=0");
  await call.invite();
  await lab.exec("gw", "sysctl", "-qw", "net.netfilter.nf_conntrack_events=2");
  return daemonsMaster();
}

test("EMFILE: SIP goes on, and both speak as soon as another's expectations have left the table", async () => {
  restore = await holdMachineSetting(EXPECT_MAX, LIMIT);
  const full: ArmRequest[] = [];
  for (let number = 1; full.length <= LIMIT / 8; number++) {
    const first = 20_000 + 8 * number;
    full.push(
      others(
        number,
        Array.from({ length: 8 }, (_, index) => first + index),
      ),
    );
  }
  await other.call("arm", full);
  await call.invite();
  await answered();
  expect((await daemon.stats()).slots).toMatchObject({ used: 0, waiting: 2 });
  expect(Object.keys(await failures())).toEqual(["full"]);

  // Their packets have conntracks by then that lead elsewhere.
  const talk = setInterval(() => {
    call.phoneMedia.send(call.providerMedia.address, "too early");
    call.providerMedia.send(call.advertised, "too early");
  }, 20);
  await delay(300);
  clearInterval(talk);
  for (const { master } of full) await other.call("removeMaster", master.flow);
  await bothSpeak();
});

test("EEXIST: another's expectation on the external port costs the call nothing once it is gone", async () => {
  const theirs = others(1, [MEDIA_PORTS.first]);
  expect(await other.call("arm", [theirs])).toEqual([{ kind: "armed" }]);
  await call.invite();
  expect(call.advertised).toBe(`${GATEWAY_OUTSIDE}:${MEDIA_PORTS.first}`);
  expect(await failures()).toEqual({ taken: 1 });
  await other.call("removeMaster", theirs.master.flow);
  await answered();
  await bothSpeak();
});

test("EBUSY: a second call between the same two media ports goes through, and leaves the first its audio", async () => {
  await call.establish();
  const second = call.another("second@phone");
  await second.establish();
  expect(Object.keys(await failures())).toEqual(["taken"]);
  expect(second.advertised).not.toBe(call.advertised);
  await bothSpeak();
});

test("ENOENT: a master that is gone without a word is made again by the answer", async () => {
  await other.call("remove", await silentMaster());
  await answered();
  expect(await failures()).toHaveProperty("master-gone");
  await bothSpeak();
});

test("EEXIST of the master: where something else has its place, the answer takes another", async () => {
  await usurp(await silentMaster());
  await answered();
  expect(await failures()).toHaveProperty("id-taken");
  // RTP and RTCP, in and out.
  expect((await daemon.stats()).slots.used).toBe(4);
  await bothSpeak();
});

test("a master that something else has replaced is made again by its end's event, with RTCP's expectations", async () => {
  await call.establish();
  const armed = (await daemon.stats()).slots.used;
  const master = await daemonsMaster();
  process.kill(daemon.pid, "SIGSTOP");
  await usurp(master);
  process.kill(daemon.pid, "SIGCONT");
  await until(async () => "id-taken" in (await failures()));
  await until(async () => (await daemon.stats()).slots.used === armed);
  await bothSpeak();
});

test("events that are lost: conntrack -F goes unnoticed, and both are heard again", async () => {
  await call.establish();
  await bothSpeak();
  process.kill(daemon.pid, "SIGSTOP");
  const lost = daemon.next(({ msg }) => msg.includes("had more events than could be taken in"));
  await other.call(
    "armAndDisarm",
    others(
      1,
      Array.from({ length: 8 }, (_, index) => 20_000 + index),
    ),
    2000,
  );
  await lab.exec("gw", "conntrack", "-F");
  process.kill(daemon.pid, "SIGCONT");
  await lost;
  await call.providerSpeaks();
  await call.phoneSpeaks();
});
