import type { GatewayContext } from "../gateway/context.ts";

/** What a gateway works with where there is no kernel: every flow has its conntrack, and no port is in use. */
export const NO_KERNEL: Pick<GatewayContext, "pins" | "conntrack" | "stray"> = {
  pins: {
    portInUse: () => undefined,
    ensure: () => undefined,
    remove: () => undefined,
    connect: () => undefined,
    adjust: () => undefined,
    followedBefore: () => undefined,
  },
  conntrack: { queued: 0, flush: () => undefined },
  stray: { check: () => undefined },
};
