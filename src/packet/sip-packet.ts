import type { Address } from "./address.ts";

/** What the gateway asks of a UDP packet, whichever family it is of: see PacketView and Ipv6View. */
export interface SipPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
}
