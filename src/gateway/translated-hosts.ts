import type { Config } from "../config/schema.ts";
import type { Address } from "../packet/address.ts";
import { inNetwork } from "../packet/in-network.ts";

/**
 * Tells which inside hosts are translated: of IPv4 all that are served, of IPv6 those of the configured networks (NAT66);
 * others of it are reached where they are.
 */
export function translatedHosts({ networks }: Pick<Config, "networks">): (address: Address) => boolean {
  const listed = networks.map(inNetwork);
  return (address) => typeof address === "number" || listed.some((contains) => contains(address));
}
