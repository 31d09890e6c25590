import { type Address, endpointKey } from "../packet/address.ts";
import type { Transport } from "../packet/endpoint.ts";
import type { Binding } from "../table/binding.ts";
import type { GatewayContext } from "./context.ts";

/** The binding that a packet from outside is addressed to: by a port of ours or, without NAT, by the phone's own. */
export function addressee(
  { bindings, external }: Pick<GatewayContext, "bindings" | "external">,
  destination: Address,
  port: number,
  transport: Transport,
): Binding | "not-external-address" | "no-binding" {
  const own = bindings[transport];
  if (destination === external.address) return own.byPort(port, "ipv4") ?? "no-binding";
  if (typeof destination === "number") return "not-external-address";
  if (destination === external.ipv6) return own.byPort(port, "ipv6") ?? "no-binding";
  const binding = own.byInside(endpointKey(destination, port));
  return binding === undefined || binding.host.isTranslated ? "no-binding" : binding;
}
