import type { SipMessage } from "../sip/message.ts";
import type { BodyLeft, Translation } from "../translate/translation.ts";
import type { GatewayContext } from "./context.ts";

/**
 * Counts and logs a message that passes unmodified because one of its places could not be translated: all
 * places or none. It is never dropped.
 */
export function reportSkipped(
  context: GatewayContext,
  message: SipMessage,
  skipped: Extract<Translation, { kind: "skipped" }>,
  direction: "outbound" | "inbound",
): "untranslatable" {
  context.counters.skip(skipped.reason);
  context.budget.warn(
    context.now,
    {
      direction,
      callId: message.callId,
      method: message.method,
      status: message.status,
      reason: skipped.reason,
      detail: skipped.detail,
    },
    "message passes unmodified",
  );
  return "untranslatable";
}

/**
 * Logs a message of a phone whose body goes out as the phone wrote it though its header fields were translated: the
 * media it names may not be heard. Under ICE that is as it should be, and not logged.
 */
export function reportBodyLeft(context: GatewayContext, message: SipMessage, reason: BodyLeft): void {
  if (reason === "ice") return;
  const { callId, method, status } = message;
  context.budget.warn(context.now, { callId, method, status, reason }, "body passes unmodified");
}
