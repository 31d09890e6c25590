import { type Address, addressOf } from "../packet/address.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { SipPacket } from "../packet/sip-packet.ts";
import type { InsideHost } from "../table/binding.ts";
import type { Destination, GatewayContext } from "./context.ts";

/** What admission asks of the gateway's context. */
type EntryRules = Pick<GatewayContext, "isPeer" | "modeOf">;
type ExitRules = Pick<GatewayContext, "isServed" | "modeOf" | "routeOf">;

/** What it asks of a binding. */
interface Side {
  readonly inside: Endpoint;
  readonly host: Pick<InsideHost, "knows">;
}

/** Why SIP between a host outside and a binding is not followed. */
type EntryRefusal = "source-not-allowed" | "mode-off";
type ExitRefusal = "not-translated-network" | "mode-off" | Exclude<Destination, "outside">;

/**
 * Tells whether a host outside may speak to the endpoint of a binding. Who may come in is ours to decide, as an inbound
 * pin is ESTABLISHED to the admin's FORWARD rules: those the endpoint's host has sent SIP to, and peers (a pinhole is
 * never opened toward a host that did not ask for it).
 */
export function mayEnter(
  rules: EntryRules,
  { host, inside }: Side,
  remote: Address,
): "allowed" | EntryRefusal {
  if (!host.knows(remote) && !rules.isPeer(remote)) return "source-not-allowed";
  return rules.modeOf(addressOf(inside.host), remote) === "off" ? "mode-off" : "allowed";
}

/** Tells whether a packet of a phone goes where its SIP is followed: out, of a host that is served. */
export function mayLeave(
  rules: ExitRules,
  { source, destination }: SipPacket,
  inInterface: number,
  mark: number,
): "allowed" | ExitRefusal {
  if (!rules.isServed(source)) return "not-translated-network";
  if (rules.modeOf(source, destination) === "off") return "mode-off";
  const route = rules.routeOf(destination, source, inInterface, mark);
  return route === "outside" ? "allowed" : route;
}
