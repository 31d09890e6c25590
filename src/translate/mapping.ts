import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { MediaDescription } from "../sdp/session.ts";
import type { Place } from "../sip/place.ts";

export type { FlowEnds } from "../packet/endpoint.ts";
export type { Place };

/** What a signalling address becomes; `port` undefined writes the host alone. */
export interface Rewrite {
  readonly host: string;
  readonly port: number | undefined;
}

/** What a media line becomes: the host of every address in it, its port, and where its RTCP goes. */
export interface MediaRewrite {
  readonly host: string;
  readonly port: number;
  /** Port to write into a=rtcp, where the line has one. */
  readonly rtcpPort: number;
}

/** A mapping that could not be given; the message then passes unmodified and the log names the reason. */
export interface Refusal {
  readonly refused:
    | "table-full"
    | "ports-exhausted"
    | "bindings-full"
    | "host-bindings-full"
    | "signalling-ports-exhausted"
    | "media-host-not-allowed"
    | "media-port-not-allowed"
    | "too-many-ports"
    | "unsupported-transport";
}

/**
 * Mapping answers, for one packet, what each address in it becomes. translate/ knows nothing else of the
 * table, so the same translation serves the gateway, `sipexpectd rewrite` and the property tests.
 *
 * Outbound, it takes inside addresses to outside ones; inbound, outside ones back to what the phone wrote.
 */
export interface Mapping {
  /**
   * @param port undefined when the place names none (the transport's default applies, RFC 3261 §19.1.2)
   * @returns undefined when the address is not ours to change
   */
  signalling(
    host: string,
    port: number | undefined,
    transport: Transport,
    place: Place,
  ): Rewrite | Refusal | undefined;
  /**
   * Outbound: the stream of this media line, created on first sight and the same on every later one.
   * Inbound: only lines that name one of our own stream ports (hairpin) are rewritten.
   *
   * @returns undefined when the line is to be left as it is
   */
  media(line: MediaDescription): MediaRewrite | Refusal | undefined;
  /**
   * Inbound: the inside address behind one of our own stream ports, as an a=remote-candidates line names it
   * (RFC 8839 §5.2).
   *
   * @returns undefined when the port is no stream of ours
   */
  candidate?(host: string, port: number): Endpoint | undefined;
  /** What a bare host without a port (SDP o=, a session c= no line uses) becomes; undefined leaves it. */
  host(host: string): string | undefined;
}
