import { type Address, addressOf, keyOfEndpoint } from "../packet/address.ts";
import { canonicalHost, familyOf } from "../packet/host.ts";
import { addressOfRecord } from "../sip/address-of-record.ts";
import { type Contact, contacts, longestExpiry } from "../sip/contact.ts";
import { expires } from "../sip/expires.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Binding, InsideHost } from "../table/binding.ts";
import type { Flow } from "../table/flows.ts";
import { ownText } from "../table/own-text.ts";
import type { GatewayContext } from "./context.ts";
import { defaultPort } from "./media-target.ts";

/** Seconds a registrar is taken to grant that says nothing to a request that said nothing. */
const DEFAULT_EXPIRES = 3600;
/**
 * The longest a registration is believed to last, in seconds: nobody's refresh is further away than a week.
 */
const LONGEST_EXPIRES = 7 * 24 * 3600;
/** Characters by which addresses-of-record are told apart: what is stored of a message is bounded. */
const LONGEST_ADDRESS = 128;

/** What registrations need of the gateway. */
type Registering = Pick<GatewayContext, "bindings" | "now">;

/**
 * Notes of a REGISTER from inside which remote host may answer it, and what it asks for in case the answer
 * does not say what is granted.
 *
 * @param remote where it goes
 */
export function noteRegister(host: InsideHost, remote: Address, message: SipMessage): void {
  if (message.method !== "REGISTER" || message.kind !== "request") return;
  host.askedToRegister(remote, requestedExpires(message));
}

/** The longest that any Contact of a REGISTER asks for, in seconds (RFC 3261 §10.2.1.1). */
function requestedExpires(message: SipMessage): number {
  const fallback = expires(message) ?? DEFAULT_EXPIRES;
  return longestExpiry(message, fallback) ?? fallback;
}

/**
 * Takes from the 200 to a REGISTER for how long each Contact of the inside host is registered. It lists every
 * Contact of its address-of-record (RFC 3261 §10.3, step 8), so those it does not list are registered no
 * more: that is how `Contact: *` ends them. Any other answer changes nothing.
 *
 * Registrations are told apart by registrar and address-of-record: one endpoint may have several, and a host
 * changes none but those that it was asked for itself.
 *
 * @param message as it came from outside, its contacts still naming our external address
 */
export function noteRegistration(
  context: Registering,
  binding: Binding,
  flow: Flow,
  message: SipMessage,
): void {
  if (message.method !== "REGISTER" || message.status < 200 || message.status > 299) return;
  const { host } = binding;
  const registrar = flow.ends.remote.host;
  const asked = host.registersFor(addressOf(registrar));
  if (asked === undefined) return;
  const { now } = context;
  const address = addressOfRecord(message).slice(0, LONGEST_ADDRESS);
  const registration = ownText(`${registrar} ${address}`);
  const granted = new Map<Binding, number>();
  for (const each of host.each()) {
    if ((each.registrations.get(registration) ?? 0) > now) granted.set(each, now);
  }
  const fallback = expires(message) ?? asked;
  for (const contact of contacts(message)) {
    const named = bindingNamed(context, flow, contact);
    if (named?.host !== host) continue;
    const seconds = contact.kind === "address" ? (contact.expires ?? fallback) : 0;
    if (seconds <= 0) continue;
    const until = now + Math.min(seconds, LONGEST_EXPIRES) * 1000;
    // Two Contacts may share a port, such as that of a phone's earlier life and its present one.
    granted.set(named, Math.max(granted.get(named) ?? 0, until));
  }
  for (const [each, until] of granted) context.bindings[each.transport].register(each, registration, until);
}

/**
 * The binding a Contact leads to: by our address, or by the phone's own, which nobody changed, in mode
 * pinhole and without NAT.
 */
function bindingNamed(context: Registering, flow: Flow, contact: Contact): Binding | undefined {
  if (contact.kind !== "address") return undefined;
  const { inside, outside, transport } = flow.ends;
  const bindings = context.bindings[contact.transport ?? transport];
  const port = contact.port ?? defaultPort;
  const host = canonicalHost(contact.host);
  if (host === inside.host) return bindings.byInside(keyOfEndpoint({ host, port }));
  return host === outside.host ? bindings.byPort(port, familyOf(host)) : undefined;
}
