import type { Config } from "../config/schema.ts";
import type { Interface } from "../kernel/interfaces.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { canonicalHost, familyOf } from "../packet/host.ts";
import { isRoutableIpv6 } from "../packet/ipv6.ts";
import { type ExternalAddress, externalAddress } from "./external-address.ts";

/** What the configuration says of the external address. */
type ExternalConfig = Pick<Config, "networks" | "address" | "address_ipv6" | "advertise">;

/**
 * The address of the outside interface to translate to and, where IPv6 is translated, that of IPv6. Of the many that an
 * interface may have, the one `before` stays until it is gone, and until there is another.
 *
 * @throws KernelError EADDRNOTAVAIL when the interface has none, or not the configured one
 */
export function chooseExternal(
  outside: Interface,
  config: ExternalConfig,
  before?: ExternalAddress,
): ExternalAddress {
  const { networks, address, address_ipv6: wanted, advertise } = config;
  const host = chooseAddress(outside, "IPv4", outside.ipv4, address);
  if (!networks.some((network) => familyOf(network) === "ipv6")) return externalAddress(host, advertise);
  const candidates = outside.ipv6.filter(isRoutableIpv6);
  if (before !== undefined && (candidates.length === 0 || candidates.includes(before.ipv6))) {
    return externalAddress(host, advertise, before.ipv6);
  }
  const ipv6 = chooseAddress(outside, "IPv6", candidates, wanted && canonicalHost(wanted));
  return externalAddress(host, advertise, ipv6);
}

function chooseAddress(
  outside: Interface,
  family: "IPv4" | "IPv6",
  candidates: readonly string[],
  wanted: string | undefined,
): string {
  const chosen = wanted === undefined ? candidates[0] : candidates.find((one) => one === wanted);
  if (chosen !== undefined) return chosen;
  const has = candidates.length === 0 ? "none" : candidates.join(", ");
  const detail =
    wanted === undefined
      ? `it has no ${family} address to translate to; give it one`
      : `it does not have the configured address ${wanted} (it has ${has})`;
  throw new KernelError(`use outside interface ${outside.name}`, "EADDRNOTAVAIL", detail);
}
