import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon, QUEUE } from "./daemon.ts";
import { INSIDE_INTERFACE, Lab, OUTSIDE_INTERFACE, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";
import { Program } from "./program.ts";
import { setUdpTimeouts } from "./udp-timeouts.ts";

const PHONES = 10_000;
const PROVIDER = `${PROVIDER_HOSTS[0]}:5060`;
/** The phones' addresses, all behind the one inside machine. */
const NETWORK = "10.5.0.0/16";
/** A port for each of them, and media out of the way. */
const SIGNALLING = "5060-29999";
const CONFIG = `[ports]\nsignalling = "${SIGNALLING}"\nmedia = "30000-65535"\n`;
/** Seconds a flow's conntrack lives in silence, in the gateway's namespace only. */
const UDP_TIMEOUT = 5;

let lab: Lab;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await lab.exec("phone", "ip", "route", "add", "local", NETWORK, "dev", "lo");
  await lab.exec("gw", "ip", "route", "add", NETWORK, "via", phoneAddress(0));
  await setUdpTimeouts(lab, UDP_TIMEOUT);
  const sides = ["--inside", INSIDE_INTERFACE, "--outside", OUTSIDE_INTERFACE, "--backend", "iptables"];
  const rules = [...sides, "--queue", `${QUEUE}`, "--signalling-ports", SIGNALLING];
  await lab.exec("gw", process.execPath, builtFile("src/cli/main.ts"), "rules", "apply", ...rules);
  const file = join(lab.directory, "config.toml");
  writeFileSync(file, CONFIG);
  await Daemon.restart(lab, ["--config", file]);
});

afterEach(() => lab.dispose());

test("10,000 registered phones hold no expectation, and each is reached by a call after its conntrack has expired", async () => {
  const provider = new Program(lab, "prov", "many-calls.ts", [PROVIDER]);
  expect(await provider.line()).toBe("listening");
  const phones = new Program(lab, "phone", "many-phones.ts", [`${PHONES}`, PROVIDER]);
  expect(await phones.line()).toBe(`${PHONES}`);
  expect(await entries("expect")).toBe(0);
  while ((await entries("conntrack")) > 0) await delay(500);

  provider.say("call");
  expect(await provider.line()).toBe(`${PHONES}`);
  expect(await entries("expect")).toBe(0);
});

/** How many live entries the gateway's kernel has in a table. */
async function entries(table: "conntrack" | "expect"): Promise<number> {
  const protocol = table === "conntrack" ? ["-p", "udp"] : [];
  const listed = await lab.exec("gw", "conntrack", "-L", table, ...protocol);
  return listed.split("\n").filter(Boolean).length;
}
