import { once } from "node:events";
import type { Lab } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";

const TCP = ["-w", "-t", "mangle", "-p", "tcp"] as const;
const LOSS = ["-m", "statistic", "--mode", "random", "--probability", "0.02", "-j", "DROP"] as const;

/**
 * Makes the lines to both sides of the gateway bad ones: of the TCP packets each way 2 % are lost, and 5 % overtaken
 * by others. (Of packets that a machine cannot send, its kernel hears; so they are lost where they arrive. What is
 * lost ahead of the gateway, on its way from one side, is lost there.)
 */
export async function makeLinesBad(lab: Lab, command: "iptables" | "ip6tables" = "iptables"): Promise<void> {
  for (const machine of ["phone", "prov", "gw"] as const) {
    await lab.exec(machine, command, ...TCP, "-A", "PREROUTING", ...LOSS);
  }
  for (const machine of ["phone", "prov"] as const) {
    const queue = ["-j", "NFQUEUE", "--queue-num", "1", "--queue-bypass"];
    await lab.exec(machine, command, ...TCP, "-A", "POSTROUTING", ...queue);
    const program = [builtFile("test/lab/reorder-program.ts")];
    const child = lab.spawn(machine, process.execPath, program, { stdio: ["ignore", "pipe", "inherit"] });
    if (child.stdout === null) throw new Error("The reordering program was started without standard output.");
    await once(child.stdout, "data");
  }
}

/** Lets TCP segments of either side have no more than this many bytes, as an odd path or a small stack does. */
export async function forceSegments(lab: Lab, bytes: number): Promise<void> {
  const size = ["advmss", `${bytes}`];
  await lab.exec("phone", "ip", "route", "change", "default", "via", "192.168.50.1", ...size);
  await lab.exec("prov", "ip", "route", "change", "203.0.113.0/24", "dev", "eth0", ...size);
}
