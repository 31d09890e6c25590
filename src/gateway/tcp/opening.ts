import type { PassReason } from "../../observe/counters.ts";
import { endpointKey, hostOf } from "../../packet/address.ts";
import type { SipPacket } from "../../packet/sip-packet.ts";
import type { TcpSegment } from "../../packet/tcp-segment.ts";
import type { Binding } from "../../table/binding.ts";
import type { Flow } from "../../table/flows.ts";
import { addressee } from "../addressee.ts";
import { mayEnter, mayLeave } from "../admission.ts";
import type { GatewayContext } from "../context.ts";
import { flowOf } from "../flow-of.ts";
import { reportRefusal } from "../refusal.ts";
import type { HalfName } from "./held-segment.ts";

/** Whose connection a SYN opens. */
export interface Opened {
  readonly binding: Binding;
  readonly flow: Flow;
}

/**
 * True for a SYN that may open a connection: one without bytes (RFC 7413 is not followed), and from outside only where
 * none is open. A stranger's SYN ends nobody's connection; a phone's own is one that has restarted.
 */
export function mayOpen({ payload }: TcpSegment, half: HalfName, isOpen: boolean): boolean {
  return payload.length === 0 && !(isOpen && half === "inbound");
}

/**
 * Takes the SYN of a phone. Nobody knows yet whether the connection will carry SIP, but its external port is settled
 * with its first packet: so the endpoint gets a binding, which lets nobody in before the phone has sent SIP to him.
 */
export function openOutbound(
  context: GatewayContext,
  packet: SipPacket,
  inInterface: number,
  mark: number,
): Opened | PassReason {
  const { source, sourcePort, destination, destinationPort } = packet;
  const admission = mayLeave(context, packet, inInterface, mark);
  if (admission !== "allowed") return admission;
  const bindings = context.bindings.tcp;
  const key = endpointKey(source, sourcePort);
  let binding = bindings.byInside(key);
  if (binding === undefined) {
    const inside = { host: hostOf(source), port: sourcePort };
    const made = bindings.create(key, inside, context.now);
    if (typeof made === "string") return reportRefusal(context, made);
    made.isOfConnection = true;
    binding = made;
  }
  return pinned(context, binding, flowOf(context, binding, destination, destinationPort), "outbound");
}

/** Takes a SYN from outside: only who was sent SIP by the inside host may connect to a port of its. */
export function openInbound(context: GatewayContext, packet: SipPacket): Opened | PassReason {
  const { source, sourcePort } = packet;
  const binding = addressee(context, packet.destination, packet.destinationPort, "tcp");
  if (typeof binding === "string") return binding;
  const admission = mayEnter(context, binding, source);
  if (admission !== "allowed") return admission;
  return pinned(context, binding, flowOf(context, binding, source, sourcePort), "inbound");
}

function pinned(
  context: GatewayContext,
  binding: Binding,
  flow: Flow,
  direction: "outbound" | "inbound",
): Opened | PassReason {
  const failure = context.pins.connect(binding, flow, direction);
  if (failure === undefined) return { binding, flow };
  context.budget.warn(context.now, { flow: flow.ends, code: failure }, "flow could not be pinned");
  return "pin-failed";
}
