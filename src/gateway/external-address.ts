import type { Endpoint } from "../packet/endpoint.ts";
import { type Family, familyOf } from "../packet/host.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import type { InsideHost } from "../table/binding.ts";

/**
 * ExternalAddress is where the inside appears to be: the address the kernel translates to, and the one that is
 * written into messages, which differs where another 1:1 NAT stands outside this gateway.
 */
export interface ExternalAddress {
  readonly host: string;
  /** `host` as a number in host byte order. */
  readonly address: number;
  readonly advertised: string;
  /** What translated IPv6 appears at, also in messages; "" where none is translated. */
  readonly ipv6: string;
}

/** @param advertise the configured address to write instead of `host` */
export function externalAddress(host: string, advertise: string | undefined, ipv6 = ""): ExternalAddress {
  return { host, address: ipv4ToNumber(host) ?? 0, advertised: advertise ?? host, ipv6 };
}

/** Our address of a family in the kernel's table. */
export function externalHost({ host, ipv6 }: Pick<ExternalAddress, "host" | "ipv6">, family: Family): string {
  return family === "ipv6" ? ipv6 : host;
}

/**
 * Where an inside endpoint appears to be: at its port of our address or, without NAT, where it is.
 *
 * @param owner the host it is translated with: its own, or the one that names it as the host of its media
 * @param port its external port
 * @param external our addresses, in the kernel's table or in messages
 */
export function outsideOf(
  owner: Pick<InsideHost, "isTranslated">,
  inside: Endpoint,
  port: number,
  external: Pick<ExternalAddress, "host" | "ipv6">,
): Endpoint {
  return owner.isTranslated ? { host: externalHost(external, familyOf(inside.host)), port } : inside;
}
