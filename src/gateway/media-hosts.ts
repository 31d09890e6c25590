import { type Address, addressOf } from "../packet/address.ts";
import { canonicalHost } from "../packet/host.ts";
import type { InNetwork } from "../packet/in-network.ts";
import type { MediaHostPolicy } from "./outbound-mapping.ts";

/**
 * Judges another host's address in an SDP: one of the configured media hosts, one of our inside that is not, or
 * public.
 *
 * @param isInside tells an address of the phones' side, of either family
 * @param allowed those whose hosts may be named as media hosts by another inside host
 */
export function mediaHostPolicy(
  isInside: (address: Address) => boolean,
  allowed: readonly InNetwork[],
): MediaHostPolicy {
  return (host) => {
    const literal = canonicalHost(host);
    if (literal === undefined) return "public";
    const address = addressOf(literal);
    if (allowed.some((contains) => contains(address))) return "allowed";
    return isInside(address) ? "refused" : "public";
  };
}
