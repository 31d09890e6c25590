import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon, QUEUE } from "./daemon.ts";
import { INSIDE_INTERFACE, Lab, LabCommandError, OUTSIDE_INTERFACE } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";
import { ScriptCall } from "./script-call.ts";

const MARK = "0x5060";

let lab: Lab;

beforeEach(() => {
  lab = new Lab({ phones: 1, ipv6: true });
});

afterEach(() => lab?.dispose());

function rules(verb: "apply" | "print"): Promise<string> {
  const interfaces = ["--inside", INSIDE_INTERFACE, "--outside", OUTSIDE_INTERFACE];
  const flags = ["--backend", "nft", ...interfaces, "--queue", `${QUEUE}`];
  return lab.exec("gw", process.execPath, builtFile("src/cli/main.ts"), "rules", verb, ...flags);
}

/**
 * Applies the rules of nft. Where the kernel has no statement to queue by (nft_queue), they mark what they match, just
 * ahead of table raw, and a rule of ip6tables there queues what is marked.
 */
async function applyRules(): Promise<void> {
  try {
    await rules("apply");
  } catch (error) {
    if (!(error instanceof LabCommandError && error.message.includes("nft_queue"))) throw error;
    const marking = (await rules("print"))
      .replaceAll(/queue num \d+ bypass/g, `meta mark set ${MARK} accept`)
      .replace("priority raw + 1", "priority raw - 1");
    const file = join(lab.directory, "marking.nft");
    writeFileSync(file, marking);
    await lab.exec("gw", "nft", "-f", file);
    const queue = ["-j", "NFQUEUE", "--queue-num", `${QUEUE}`, "--queue-bypass"];
    await lab.exec(
      "gw",
      "ip6tables",
      "-w",
      "-t",
      "raw",
      "-A",
      "PREROUTING",
      "-m",
      "mark",
      "--mark",
      MARK,
      ...queue,
    );
  }
}

test("with the rules of nft an IPv6 phone calls and is called, and media goes both ways", async () => {
  await applyRules();
  const daemon = await Daemon.restart(lab);
  const call = await ScriptCall.open(lab, "call@nft", "ipv6");
  await call.establish();
  await call.providerSpeaks();
  await call.phoneSpeaks();
  await lab.exec("gw", "conntrack", "-D", "-f", "ipv6", "-p", "udp");
  await call.providerSays("OPTIONS");
  const { passed } = (await daemon.stats()).counters;
  // INVITE, 200, ACK, OPTIONS.
  expect(passed["mode-pinhole"]).toBeGreaterThanOrEqual(4);
});
