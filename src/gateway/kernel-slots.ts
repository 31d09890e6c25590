import { lastingLimit, raiseExpectationLimit } from "../kernel/expectation-limit.ts";
import type { Logger } from "../observe/log.ts";
import type { GatewayConfig } from "./gateway-config.ts";

/** Of the kernel's expectations, one of so many is left to other helpers, and at least so many. */
const RESERVE_SHARE = 16;
const LEAST_RESERVE = 8;

/** How many of the kernel's expectations may be ours; raises the kernel's limit where that is allowed. */
export function kernelSlots({ table }: GatewayConfig, log: Logger): number {
  const { limit, before, refused } = raiseExpectationLimit(table.expect_max);
  const lasting = lastingLimit(table.expect_max);
  if (before !== undefined) {
    log.info({ limit, before, ...lasting }, "nf_conntrack_expect_max was raised; these lines make it last");
  } else if (refused !== undefined) {
    log.warn(
      { limit, wanted: table.expect_max, code: refused, ...lasting },
      "nf_conntrack_expect_max may not be raised from here; these lines raise it where the machine boots",
    );
  }
  return table.kernel_slots ?? limit - Math.max(LEAST_RESERVE, Math.ceil(limit / RESERVE_SHARE));
}
