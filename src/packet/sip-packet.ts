import type { Address } from "./address.ts";
import type { Family } from "./host.ts";

/** What the gateway asks of a UDP or TCP packet, whichever family it is of: see PacketView and Ipv6View. */
export interface SipPacket {
  readonly family: Family;
  /** Where the packet starts. */
  readonly offset: number;
  /** Bytes before the UDP or TCP header: the IP header and what extends it. */
  readonly headerLength: number;
  /** Bytes of the whole packet. */
  readonly totalLength: number;
  /** IPPROTO_* number of UDP or TCP. */
  readonly protocol: number;
  /** True when routers may not fragment it. */
  readonly dontFragment: boolean;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly transportOffset: number;
  readonly payloadOffset: number;
  readonly payloadLength: number;
}
