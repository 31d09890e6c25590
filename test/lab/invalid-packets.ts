import type { Lab } from "./namespaces.ts";

const MATCH = ["-m", "conntrack", "--ctstate", "INVALID"] as const;

/** Has the gateway count the packets that its connection tracking finds no place for, ahead of every rule. */
export async function countInvalid(lab: Lab): Promise<void> {
  await lab.exec("gw", "iptables", "-w", "-t", "mangle", "-A", "PREROUTING", ...MATCH);
}

/** How many there were since. */
export async function invalidPackets(lab: Lab): Promise<number> {
  const listing = await lab.exec("gw", "iptables-save", "-c", "-t", "mangle");
  const packets = /^\[(\d+):\d+\] -A PREROUTING -m conntrack --ctstate INVALID/m.exec(listing)?.[1];
  if (packets === undefined) throw new Error(`No rule counts invalid packets in:\n${listing}`);
  return Number(packets);
}
