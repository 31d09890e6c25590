import type { Address } from "./address.ts";
import { Ipv6Network } from "./ipv6-network.ts";
import { Network } from "./network.ts";

/** Tells whether an address is in a network; one of the other family is not. */
export type InNetwork = (address: Address) => boolean;

/**
 * Reads a network of either family: "192.168.0.0/16", "2001:db8::/32", or one address.
 *
 * Throws RangeError, naming the value, when `text` is none.
 */
export function inNetwork(text: string): InNetwork {
  if (text.includes(":")) {
    const network = Ipv6Network.parse(text);
    return (address) => typeof address === "string" && network.contains(address);
  }
  const network = Network.parse(text);
  return (address) => typeof address === "number" && network.contains(address);
}
