import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { canonicalHost } from "../packet/host.ts";
import { contacts } from "../sip/contact.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Place } from "../sip/place.ts";
import type { Flow } from "../table/flows.ts";
import { defaultPort, LOWEST_PORT } from "./media-target.ts";

/** Where an inside host says that it listens. */
export interface Listener {
  readonly inside: Endpoint;
  readonly transport: Transport;
}

/**
 * True at the places where the sender of a message says where it listens itself: a phone in its Contact and its sent-by
 * (RFC 3261 §8.1.1.8, §18.1.1), a proxy where it puts itself into the way of a request (§16.6, RFC 3327 §5.2), where it
 * may stand beside what the request came with: a service below port 1024 is none of a proxy's. Everywhere else the sender
 * repeats what others have written, as in a registrar's list of Contacts (§10.3) and in the Record-Route of a response
 * (§12.1.1).
 */
export function tellsOfListener(
  { kind, method }: Pick<SipMessage, "kind" | "method">,
  place: Place,
  port: number,
): boolean {
  switch (place) {
    case "contact":
      return kind === "request" || method !== "REGISTER";
    case "via":
      return kind === "request";
    case "record-route":
    case "path":
      return kind === "request" && port >= LOWEST_PORT;
    default:
      return false;
  }
}

/**
 * The ports at which the inside host of a flow says that it listens, whichever it sends from: those of its Contacts
 * (RFC 3261 §8.1.1.8), and the sent-by of its request, to which a response without rport comes (§18.2.2). A service
 * below port 1024 is none of SIP's, whatever a message says.
 */
export function* listeners(message: SipMessage, flow: Flow): Generator<Listener> {
  for (const listener of named(message, flow)) if (listener.inside.port >= LOWEST_PORT) yield listener;
}

function* named(message: SipMessage, { ends }: Flow): Generator<Listener> {
  const { host } = ends.inside;
  for (const contact of contacts(message)) {
    if (contact.kind !== "address" || canonicalHost(contact.host) !== host) continue;
    const [port, transport] = [contact.port ?? defaultPort, contact.transport ?? ends.transport];
    if (tellsOfListener(message, "contact", port)) yield { inside: { host, port }, transport };
  }
  const { text, via } = message;
  const port = via.port ?? defaultPort;
  if (!tellsOfListener(message, "via", port)) return;
  if (canonicalHost(text.slice(via.hostStart, via.hostEnd)) !== host) return;
  yield { inside: { host, port }, transport: ends.transport };
}
