import type { Conntrack } from "../kernel/conntrack.ts";
import type { Counters, PassReason } from "../observe/counters.ts";
import type { LogBudget, Logger } from "../observe/log.ts";
import type { Transport } from "../packet/endpoint.ts";
import type { Bindings } from "../table/bindings.ts";
import type { Calls } from "../table/calls.ts";
import type { ExternalAddress } from "./external-address.ts";
import type { Pins } from "./pins.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** Where a packet from inside is going: out through the NAT, or somewhere SIP needs no translation for. */
export type Destination = "outside" | "local-destination" | "inside-destination" | "unreachable-destination";

/** Finds out where a packet is routed; addresses as unsigned numbers in host byte order. */
export type RouteOf = (destination: number, source: number, inInterface: number, mark: number) => Destination;

/** GatewayContext is what both directions work on; `now` and `external` change under them. */
export interface GatewayContext {
  readonly bindings: Readonly<Record<Transport, Bindings>>;
  readonly calls: Calls;
  readonly pins: Pins;
  readonly conntrack: Conntrack;
  readonly stray: StrayEntries;
  readonly counters: Counters;
  readonly log: Logger;
  readonly budget: LogBudget;
  readonly routeOf: RouteOf;
  /** True for an inside address that is behind our NAT: others are routed and none of our business. */
  readonly isTranslated: (address: number) => boolean;
  /** Milliseconds of a monotonic clock, read once a batch. */
  now: number;
  external: ExternalAddress;
}

/** What became of a packet: new payload text to send on instead, or why it goes on as it came. */
export type Outcome = { readonly text: string } | PassReason;

/** The key of an IPv4 endpoint in the table: exact in a double, so no text is made per packet. */
export function endpointKey(address: number, port: number): number {
  return address * 65_536 + port;
}
