import { endpointKey } from "../packet/address.ts";
import type { Transport } from "../packet/endpoint.ts";
import type { SipPacket } from "../packet/sip-packet.ts";
import type { Binding } from "../table/binding.ts";
import type { GatewayContext } from "./context.ts";

/** The binding that a packet from outside is addressed to: by a port of ours or, with IPv6, by the phone's own. */
export function addressee(
  { bindings, external }: Pick<GatewayContext, "bindings" | "external">,
  { destination, destinationPort }: SipPacket,
  transport: Transport,
): Binding | "not-external-address" | "no-binding" {
  const own = bindings[transport];
  if (typeof destination === "string") {
    return own.byInside(endpointKey(destination, destinationPort)) ?? "no-binding";
  }
  if (destination !== external.address) return "not-external-address";
  return own.byPort(destinationPort) ?? "no-binding";
}
