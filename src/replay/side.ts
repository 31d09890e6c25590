import { payloadText } from "../gateway/flow-of.ts";
import type { Network } from "../packet/network.ts";
import type { PacketView } from "../packet/packet-view.ts";
import { scan } from "../sip/scan.ts";

/** Which way a captured packet goes, as the gateway would see it; or why the replay does not follow it. */
export type Side =
  | "outbound"
  /** From outside, captured on the phones' side: the gateway has put the phone's address there already. */
  | "inbound-inside"
  /** From outside, captured before the gateway got it: it is addressed to the external address. */
  | "inbound-outside"
  | "outside-leg"
  | "elsewhere";

/** CaptureSides is what the whole of a capture tells of where it was taken. */
export interface CaptureSides {
  readonly inside: readonly Network[];
  /** The gateway's external address in host byte order. */
  readonly external: number;
  /** Packets from outside were captured on the phones' side, so those of the other side are the same ones again. */
  readonly hasInboundInside: boolean;
}

/** Tells which way a packet goes; between two inside hosts it is outbound, and the engine says what that means. */
export function sideOf({ source, destination }: PacketView, sides: CaptureSides): Side {
  const isInside = (address: number): boolean => sides.inside.some((network) => network.contains(address));
  if (isInside(source)) return "outbound";
  if (isInside(destination)) return "inbound-inside";
  if (destination === sides.external) return sides.hasInboundInside ? "outside-leg" : "inbound-outside";
  return source === sides.external ? "outside-leg" : "elsewhere";
}

/**
 * Where a response to an inside host says that its request came from (`received`, RFC 3261 §18.2.1): behind a
 * gateway, that is the gateway's external address.
 *
 * @param packet a UDP packet toward the inside
 * @returns as it stands in the Via; undefined when this packet does not tell
 */
export function receivedAddress(packet: PacketView, bytes: Buffer): string | undefined {
  const scanned = scan(payloadText(packet, bytes));
  if (scanned.kind !== "message" || scanned.message.kind !== "response") return undefined;
  const { text, via } = scanned.message;
  return via.received === undefined ? undefined : text.slice(via.received.start, via.received.end);
}
