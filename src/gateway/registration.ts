import { contacts } from "../sip/contact.ts";
import { expires } from "../sip/expires.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Binding } from "../table/bindings.ts";
import type { Flow } from "../table/flows.ts";
import type { GatewayContext } from "./context.ts";
import { defaultPort } from "./media-target.ts";

/** Milliseconds a binding outlives its registration: a refresh may be late by a retransmission (RFC 3261 §17.1.2.2). */
const GRACE = 32_000;

/**
 * Takes from the 200 to a REGISTER for how long each of the endpoint's contacts was granted (RFC 3261 §10.3): its
 * binding lives at least that long, so that calls find it.
 *
 * @param message as it came from outside, its contacts still naming our external address
 */
export function noteRegistration(
  context: GatewayContext,
  binding: Binding,
  flow: Flow,
  message: SipMessage,
): void {
  if (message.method !== "REGISTER" || message.status < 200 || message.status > 299) return;
  const fallback = expires(message);
  const { outside } = flow.ends;
  for (const contact of contacts(message)) {
    if (contact.kind !== "address" || contact.host !== outside.host) continue;
    const named = context.bindings[binding.transport].byPort(contact.port ?? defaultPort);
    if (named === undefined || named.host !== binding.host) continue;
    const granted = contact.expires ?? fallback;
    if (granted !== undefined)
      named.registeredUntil = granted === 0 ? 0 : context.now + granted * 1000 + GRACE;
  }
}
