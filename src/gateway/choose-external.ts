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
 * interface may have of it, the one `before` stays until it is gone, or deprecated while another is not: after a
 * renumbering the kernel keeps it for up to two hours (RFC 4862 §5.5.3, §5.5.4).
 *
 * @param before stays, of either family, while the interface has no other to use, or not the configured one
 * @throws KernelError EADDRNOTAVAIL when there is no `before` then
 */
export function chooseExternal(
  outside: Interface,
  config: ExternalConfig,
  before?: ExternalAddress,
): ExternalAddress {
  const { networks, address, address_ipv6: wanted, advertise } = config;
  const host = chooseAddress(outside, "IPv4", outside.ipv4, address, before?.host);
  if (!networks.some((network) => familyOf(network) === "ipv6")) return externalAddress(host, advertise);
  const configured = wanted && canonicalHost(wanted);
  const preferred = outside.preferredIpv6.filter(isRoutableIpv6);
  const candidates =
    configured === undefined && preferred.length > 0 ? preferred : outside.ipv6.filter(isRoutableIpv6);
  const stays = configured === undefined && before !== undefined && candidates.includes(before.ipv6);
  const ipv6 = stays ? before.ipv6 : chooseAddress(outside, "IPv6", candidates, configured, before?.ipv6);
  return externalAddress(host, advertise, ipv6);
}

function chooseAddress(
  outside: Interface,
  family: "IPv4" | "IPv6",
  candidates: readonly string[],
  wanted: string | undefined,
  before: string | undefined,
): string {
  const found = wanted === undefined ? candidates[0] : candidates.find((one) => one === wanted);
  const chosen = found ?? before;
  if (chosen !== undefined) return chosen;
  const has = candidates.length === 0 ? "none" : candidates.join(", ");
  const detail =
    wanted === undefined
      ? `it has no ${family} address to translate to; give it one`
      : `it does not have the configured address ${wanted} (it has ${has})`;
  throw new KernelError(`use outside interface ${outside.name}`, "EADDRNOTAVAIL", detail);
}
