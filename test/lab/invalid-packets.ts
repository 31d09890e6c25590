import type { Lab } from "./namespaces.ts";

const MATCH = ["-m", "conntrack", "--ctstate", "INVALID"] as const;

/** Which of the gateway's tables. */
type Command = "iptables" | "ip6tables";

/** Has the gateway count the packets that its connection tracking finds no place for, ahead of every rule. */
export async function countInvalid(lab: Lab, command: Command = "iptables"): Promise<void> {
  await lab.exec("gw", command, "-w", "-t", "mangle", "-A", "PREROUTING", ...MATCH);
}

/** How many there were since. */
export async function invalidPackets(lab: Lab, command: Command = "iptables"): Promise<number> {
  const listing = await lab.exec("gw", `${command}-save`, "-c", "-t", "mangle");
  const packets = /^\[(\d+):\d+\] -A PREROUTING -m conntrack --ctstate INVALID/m.exec(listing)?.[1];
  if (packets === undefined) throw new Error(`No rule counts invalid packets in:\n${listing}`);
  return Number(packets);
}
