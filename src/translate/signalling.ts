import type { Transport } from "../packet/endpoint.ts";
import { bytesOf } from "../sip/bytes.ts";
import { equals, skipSpace } from "../sip/characters.ts";
import { Header, type HeaderId } from "../sip/header-names.ts";
import type { SipMessage } from "../sip/message.ts";
import { scanNameAddress } from "../sip/name-address.ts";
import { findParameter } from "../sip/parameters.ts";
import type { Span } from "../sip/span.ts";
import { hostReference, isHostLiteral, type SipUri, scanUri, transportOf } from "../sip/uri.ts";
import type { Via } from "../sip/via.ts";
import { word } from "../sip/word.ts";
import type { EditList } from "./edits.ts";
import type { FlowEnds, Mapping, Place, Rewrite } from "./mapping.ts";
import { type Skipped, skipped } from "./translation.ts";

const MADDR = word("maddr");

/** The header fields whose values are addresses, and the RFC section that makes the next request go there. */
const ADDRESS_FIELDS: readonly { readonly id: HeaderId; readonly place: Place; readonly rule: string }[] = [
  { id: Header.contact, place: "contact", rule: "RFC 3261 §8.1.1.8 Contact" },
  { id: Header.recordRoute, place: "record-route", rule: "RFC 3261 §16.6 Record-Route" },
  { id: Header.route, place: "route", rule: "RFC 3261 §8.1.2 Route" },
  { id: Header.path, place: "path", rule: "RFC 3327 §5.2 Path" },
  { id: Header.serviceRoute, place: "service-route", rule: "RFC 3608 §6 Service-Route" },
  { id: Header.referTo, place: "refer-to", rule: "RFC 3515 §2.1 Refer-To" },
  { id: Header.referredBy, place: "referred-by", rule: "RFC 3892 §3 Referred-By" },
];

/** SignallingTranslator edits the addresses in the start-line and the header fields of one message. */
export class SignallingTranslator {
  readonly #message: SipMessage;
  readonly #mapping: Mapping;
  readonly #edits: EditList;
  readonly #transport: Transport;
  /** The address that is looked for, and the one that stands for it on the other side. */
  readonly #own: FlowEnds["inside"];
  readonly #other: FlowEnds["inside"];
  #failure: Skipped | undefined;

  constructor(
    message: SipMessage,
    own: FlowEnds["inside"],
    other: FlowEnds["inside"],
    transport: Transport,
    mapping: Mapping,
    edits: EditList,
  ) {
    this.#message = message;
    this.#own = own;
    this.#other = other;
    this.#transport = transport;
    this.#mapping = mapping;
    this.#edits = edits;
  }

  /** Edits the Request-URI, of an inbound request: the binding it names becomes the phone's Contact again. */
  requestUri(): Skipped | undefined {
    const { uri } = this.#message;
    if (uri?.kind === "sip") this.#sipUri(uri, "request-uri", "RFC 3261 §8.1.1.1 Request-URI");
    return this.#failure;
  }

  /**
   * Edits the topmost Via: sent-by and maddr say where a response goes (RFC 3261 §18.2.2), received and rport
   * what the server saw (RFC 3581 §4). The Vias below it are echoed to us and belong to others.
   */
  topVia(): Skipped | undefined {
    const { text, via } = this.#message;
    const transport = via.transport === "UDP" || via.transport.toLowerCase() === "udp" ? "udp" : "tcp";
    if (isHostLiteral(text, via.hostStart, via.hostEnd, this.#own.host)) {
      this.#hostPort(via, transport, "via", "RFC 3261 §18.1.1 sent-by");
    }
    const { maddr } = via;
    if (maddr !== undefined && isHostLiteral(text, maddr.start, maddr.end, this.#own.host)) {
      this.#hostAlone(maddr, via.port, transport, "via", "RFC 3261 §18.2.2 maddr");
    }
    this.#sourceSeen(via);
    return this.#failure;
  }

  /** Edits every value of every address field the message has. */
  addressFields(): Skipped | undefined {
    const { headers } = this.#message;
    for (const { id, place, rule } of ADDRESS_FIELDS) {
      for (let index = headers.first(id); index >= 0; index = headers.next(id, index)) {
        if (!this.#addresses(headers.valueStart(index), headers.valueEnd(index), place, rule)) {
          return skipped("malformed-header", fieldName(this.#message, index));
        }
      }
    }
    return this.#failure;
  }

  #addresses(start: number, end: number, place: Place, rule: string): boolean {
    const { text } = this.#message;
    if (place === "contact" && end - start === 1 && text[start] === "*") return true;
    let at = start;
    while (at < end) {
      const address = scanNameAddress(text, at, end);
      if (address === undefined || !this.#uri(address.uriStart, address.uriEnd, place, rule)) return false;
      at = skipSpace(bytesOf(text), address.end + 1, end);
    }
    return true;
  }

  /** Edits one URI; false when it is malformed. */
  #uri(start: number, end: number, place: Place, rule: string): boolean {
    const uri = scanUri(this.#message.text, start, end);
    if (uri?.kind === "sip") this.#sipUri(uri, place, rule);
    return uri !== undefined;
  }

  #sipUri(uri: SipUri, place: Place, rule: string): void {
    const { text } = this.#message;
    if (isHostLiteral(text, uri.hostStart, uri.hostEnd, this.#own.host)) {
      this.#hostPort(uri, this.#uriTransport(uri), place, rule);
    }
    const maddr = findParameter(text, uri.parametersStart, uri.parametersEnd, MADDR);
    if (maddr !== undefined && isHostLiteral(text, maddr.start, maddr.end, this.#own.host)) {
      this.#hostAlone(maddr, uri.port, this.#uriTransport(uri), place, "RFC 3261 §19.1.1 maddr");
    }
  }

  /** The transport a URI names; without one, that of the flow, over which the binding was made. */
  #uriTransport(uri: SipUri): Transport {
    return transportOf(this.#message.text, uri) ?? this.#transport;
  }

  #rewrite(port: number | undefined, transport: Transport, place: Place): Rewrite | undefined {
    const answer = this.#mapping.signalling(this.#own.host, port, transport, place);
    if (answer === undefined) return undefined;
    if ("refused" in answer) {
      this.#failure ??= skipped(answer.refused, place);
      return undefined;
    }
    return answer;
  }

  /** Edits host and port apart, so that white space between them stays. */
  #hostPort(at: Via | SipUri, transport: Transport, place: Place, rule: string): void {
    const rewrite = this.#rewrite(at.port, transport, place);
    if (rewrite === undefined) return;
    this.#edits.replace(at.hostStart, at.hostEnd, hostReference(rewrite.host), place, rule);
    if (rewrite.port === at.port) return;
    if (rewrite.port === undefined) this.#edits.replace(at.hostEnd, at.portEnd, "", place, rule);
    else if (at.port === undefined)
      this.#edits.replace(at.hostEnd, at.hostEnd, `:${rewrite.port}`, place, rule);
    else this.#edits.replace(at.portStart, at.portEnd, String(rewrite.port), place, rule);
  }

  #hostAlone(span: Span, port: number | undefined, transport: Transport, place: Place, rule: string): void {
    const rewrite = this.#rewrite(port, transport, place);
    if (rewrite !== undefined)
      this.#edits.replace(span.start, span.end, hostReference(rewrite.host), place, rule);
  }

  /**
   * Edits `received` and `rport`, the packet's source as the server saw it, to the source on the other side. A
   * phone that never learns of the NAT keeps to the addresses that are translated for it.
   */
  #sourceSeen(via: Via): void {
    const { text } = this.#message;
    const { received, rport } = via;
    const isSeen =
      received !== undefined && isHostLiteral(text, received.start, received.end, this.#own.host);
    if (isSeen) {
      this.#edits.replace(received.start, received.end, this.#other.host, "via", "RFC 3261 §18.2.1 received");
    }
    if (rport === undefined || rport.start === rport.end) return;
    if (!equals(text, rport.start, rport.end, String(this.#own.port))) return;
    if (
      isSeen ||
      (received === undefined && isHostLiteral(text, via.hostStart, via.hostEnd, this.#own.host))
    ) {
      this.#edits.replace(rport.start, rport.end, String(this.#other.port), "via", "RFC 3581 §4 rport");
    }
  }
}

/** The name of field `index` as written, for the log. */
function fieldName(message: SipMessage, index: number): string {
  const start = message.headers.nameStart(index);
  return message.text.slice(start, message.text.indexOf(":", start)).trimEnd();
}
