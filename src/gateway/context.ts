import type { Counters, PassReason } from "../observe/counters.ts";
import type { LogBudget, Logger } from "../observe/log.ts";
import type { Address } from "../packet/address.ts";
import type { Transport } from "../packet/endpoint.ts";
import type { Bindings } from "../table/bindings.ts";
import type { Calls } from "../table/calls.ts";
import type { Edit } from "../translate/translation.ts";
import type { ExternalAddress } from "./external-address.ts";
import type { ModeOf } from "./modes.ts";
import type { Pins } from "./pins.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** Where a packet from inside is going: out through the NAT, or somewhere SIP needs no translation for. */
export type Destination = "outside" | "local-destination" | "inside-destination" | "unreachable-destination";

/** Finds out where a packet is routed; both addresses are of one family. */
export type RouteOf = (
  destination: Address,
  source: Address,
  inInterface: number,
  mark: number,
) => Destination;

/** What the packet path asks of a flow's conntrack: see `Pins`, which asks the kernel. */
export type Pinning = Pick<Pins, "portInUse" | "ensure" | "remove" | "connect" | "adjust" | "followedBefore">;

/** Requests to the kernel that wait to go out in one send: see `Conntrack.flush`. */
export interface KernelRequests {
  readonly queued: number;
  flush(): void;
}

/** What looks again at media that was armed: see `StrayEntries.check`. */
export type StrayCheck = Pick<StrayEntries, "check">;

/** Where a packet's misfortune is told: see `LogBudget.warn`. */
export type Warnings = Pick<LogBudget, "warn">;

/** GatewayContext is what both directions work on; `now` and `external` change under them. */
export interface GatewayContext {
  readonly bindings: Readonly<Record<Transport, Bindings>>;
  readonly calls: Calls;
  readonly pins: Pinning;
  readonly conntrack: KernelRequests;
  readonly stray: StrayCheck;
  readonly counters: Counters;
  readonly log: Logger;
  readonly budget: Warnings;
  readonly routeOf: RouteOf;
  /**
   * True for an inside address whose SIP is followed: IPv4 behind our NAT, others being routed and none of our
   * business; IPv6 that hosts outside can send to.
   */
  readonly isServed: (address: Address) => boolean;
  /** True for an outside address that may call any endpoint that has a binding. */
  readonly isPeer: (address: Address) => boolean;
  readonly modeOf: ModeOf;
  /** Counts the changes of the routes, after each of which a flow may lead elsewhere. */
  routing: number;
  /** Milliseconds of a monotonic clock, read once a batch. */
  now: number;
  external: ExternalAddress;
}

/** What became of a packet: what is to be new in its payload, or why it goes on as it came. */
export type Outcome = { readonly edits: readonly Edit[] } | PassReason;
