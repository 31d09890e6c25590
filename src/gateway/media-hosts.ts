import { ipv4ToNumber } from "../packet/ipv4.ts";
import type { Network } from "../packet/network.ts";
import type { MediaHostPolicy } from "./outbound-mapping.ts";

/**
 * Judges another host's address in an SDP: one of the configured media hosts, a private one that is not, or public.
 *
 * @param networks the networks that are translated
 * @param allowed those whose hosts may be named as media hosts by another inside host
 */
export function mediaHostPolicy(networks: readonly Network[], allowed: readonly Network[]): MediaHostPolicy {
  return (host) => {
    const address = ipv4ToNumber(host);
    if (address === undefined) return "public";
    if (allowed.some((network) => network.contains(address))) return "allowed";
    return networks.some((network) => network.contains(address)) ? "refused" : "public";
  };
}
