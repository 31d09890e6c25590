import type { Endpoint } from "../packet/endpoint.ts";
import type { ConntrackEntry, NewConntrack } from "./conntrack-message.ts";
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY } from "./ctnetlink.ts";
import type { TcpState } from "./tcp-state.ts";
import type { FlowTuple } from "./tuple.ts";

/** Pin is a conntrack made for a signalling flow, with its NAT, before the flow's first packet gets there. */
export interface Pin {
  readonly direction: "outbound" | "inbound";
  /** The flow as its packets arrive, before NAT. */
  readonly flow: FlowTuple;
  /** Outbound: what its source becomes. Inbound: what its destination becomes. undefined: there is no NAT (IPv6). */
  readonly nat: Endpoint | undefined;
  /** Seconds; the flow's packets then renew it as the kernel's own timeouts say. */
  readonly timeout: number;
  /** Of a TCP flow that is on its way already; undefined is state none, whose first packet is a SYN. */
  readonly tcp?: TcpState | undefined;
}

/**
 * "exists": the flow has an entry, in either direction, and keeps it. "clash": another flow holds the external
 * address and port toward the same remote. `code` is an errno name.
 */
export type PinResult =
  | { readonly kind: "created" }
  | { readonly kind: "exists"; readonly entry: ConntrackEntry }
  | { readonly kind: "clash" }
  | { readonly kind: "failed"; readonly code: string };

/**
 * Returns the entry that `pin` stands for.
 *
 * An outbound pin is only CONFIRMED, so its first packet is ctstate NEW and the admin's FORWARD rules judge it. An
 * inbound one is ESTABLISHED from the start: our own policy has decided who may come in.
 */
export function pinEntry(pin: Pin): NewConntrack {
  const outbound = pin.direction === "outbound";
  return {
    original: pin.flow,
    sourceNat: outbound ? pin.nat : undefined,
    destinationNat: outbound ? undefined : pin.nat,
    status: outbound ? IPS_CONFIRMED : IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED,
    timeout: pin.timeout,
    tcp: pin.tcp,
  };
}
