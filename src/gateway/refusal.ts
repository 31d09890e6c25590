import { type BindingRefusal, MOST_OF_A_HOST } from "../table/bindings.ts";
import type { GatewayContext } from "./context.ts";

const REMEDIES: Readonly<Record<BindingRefusal, string>> = {
  "bindings-full": "the table holds as many bindings as it may: raise table.max_bindings",
  "host-bindings-full": `one inside address has ${MOST_OF_A_HOST} bindings, as many as it may: see what it speaks SIP from`,
  "signalling-ports-exhausted":
    "every external SIP port is given out: widen ports.signalling, move ports.media out of its way, and apply the " +
    "rules with the same --signalling-ports",
};

/**
 * Says, the first time only, what an admin can do about an endpoint that could be given no binding. Its
 * packet passes untranslated and is counted.
 */
export function reportRefusal(
  context: Pick<GatewayContext, "counters" | "log">,
  refusal: BindingRefusal,
): BindingRefusal {
  if (context.counters.passed[refusal] === 0) context.log.warn({ reason: refusal }, REMEDIES[refusal]);
  return refusal;
}
