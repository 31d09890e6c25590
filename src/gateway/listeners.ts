import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { canonicalHost } from "../packet/host.ts";
import { contacts } from "../sip/contact.ts";
import type { SipMessage } from "../sip/message.ts";
import type { Flow } from "../table/flows.ts";
import { defaultPort, LOWEST_PORT } from "./media-target.ts";

/** Where an inside host says that it listens. */
export interface Listener {
  readonly inside: Endpoint;
  readonly transport: Transport;
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
    const transport = contact.transport ?? ends.transport;
    yield { inside: { host, port: contact.port ?? defaultPort }, transport };
  }
  if (message.kind !== "request") return;
  const { text, via } = message;
  if (canonicalHost(text.slice(via.hostStart, via.hostEnd)) !== host) return;
  yield { inside: { host, port: via.port ?? defaultPort }, transport: ends.transport };
}
