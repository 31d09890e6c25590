import type { Address } from "./address.ts";

/** What the gateway asks of a UDP or TCP packet, whichever family it is of: see PacketView and Ipv6View. */
export interface SipPacket {
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly transportOffset: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
}
