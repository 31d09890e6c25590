import type { Endpoint } from "./endpoint.ts";
import { ipv4ToNumber, numberToIpv4 } from "./ipv4.ts";

/**
 * Address is an IP address as the packet path holds it: IPv4 as an unsigned number in host byte order, IPv6 as a
 * canonical text (see Endpoint). So IPv4 makes no text per packet, and a key of either is exact.
 */
export type Address = number | string;

/** The address of a canonical host. */
export function addressOf(host: string): Address {
  return ipv4ToNumber(host) ?? host;
}

/** The canonical host of an address. */
export function hostOf(address: Address): string {
  return typeof address === "number" ? numberToIpv4(address) : address;
}

/** How an endpoint is keyed: an IPv4 address * 65536 + port, which is exact in a double, or for IPv6 a text. */
export type EndpointKey = number | string;

/** The key of an endpoint in the table. */
export function endpointKey(address: Address, port: number): EndpointKey {
  return typeof address === "number" ? address * 65_536 + port : `${address} ${port}`;
}

/** The key of an endpoint by its canonical host. */
export function keyOfEndpoint({ host, port }: Endpoint): EndpointKey {
  return endpointKey(addressOf(host), port);
}
