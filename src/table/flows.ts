import type { FlowEnds } from "../packet/endpoint.ts";

/**
 * Flow is one signalling flow of a binding: the packets between it and one remote endpoint, in both
 * directions. Its conntrack entry, made by us before its first packet (a pin), may expire in the kernel at
 * any time; `verifiedAt` says when it was last known to be there.
 */
export interface Flow {
  readonly ends: FlowEnds;
  /** True when its messages are followed and none of their bytes is changed. */
  readonly pinhole: boolean;
  /** Milliseconds of the gateway's clock; undefined when the kernel's entry is not known to exist. */
  verifiedAt: number | undefined;
  /** Which state of the routes last showed that it leads outside, see `GatewayContext.routing`; -1 for none. */
  routing: number;
}
