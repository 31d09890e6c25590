import type { Endpoint } from "../packet/endpoint.ts";
import { familyOf } from "../packet/host.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";

/**
 * ExternalAddress is where the inside appears to be: the address the kernel translates to, and the one that is
 * written into messages, which differs where another 1:1 NAT stands outside this gateway.
 */
export interface ExternalAddress {
  readonly host: string;
  /** `host` as a number in host byte order. */
  readonly address: number;
  readonly advertised: string;
}

/** @param advertise the configured address to write instead of `host` */
export function externalAddress(host: string, advertise: string | undefined): ExternalAddress {
  return { host, address: ipv4ToNumber(host) ?? 0, advertised: advertise ?? host };
}

/**
 * Where an inside endpoint appears to be: at its port of the external address or, with IPv6, where it is.
 *
 * @param port its external port
 * @param external our address in the kernel's table
 */
export function outsideOf(inside: Endpoint, port: number, external: string): Endpoint {
  return familyOf(inside.host) === "ipv6" ? inside : { host: external, port };
}
