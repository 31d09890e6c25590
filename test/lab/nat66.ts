import { configured } from "./gateway-config.ts";
import { type Lab, OUTSIDE_INTERFACE } from "./namespaces.ts";

/** What every inside IPv6 address of a lab begins with. */
export const INSIDE_PREFIX = "2001:db8:50:";

/**
 * Has the gateway translate IPv6 as it does IPv4; the provider's side has no route any more to an inside address.
 *
 * @returns the flags by which the daemon knows of it
 */
export async function translatingIpv6(lab: Lab): Promise<string[]> {
  const rule = ["-t", "nat", "-A", "POSTROUTING", "-o", OUTSIDE_INTERFACE, "-j", "MASQUERADE"];
  await lab.exec("gw", "ip6tables", "-w", ...rule);
  await lab.exec("prov", "ip", "-6", "route", "del", "default");
  return configured(lab, `networks = ["192.168.0.0/16", "${INSIDE_PREFIX}:/64"]\n`);
}
