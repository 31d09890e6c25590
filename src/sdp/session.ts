import type { Transport } from "../packet/endpoint.ts";
import type { Span } from "../sip/span.ts";

/** An address in a c=, o= or a= line: its text, where it stands, and the family the line names. */
export interface Address extends Span {
  /** An IPv6 literal in canonical form, else as written, without the TTL and the count of multicast (RFC 8866 §5.7). */
  readonly host: string;
  readonly family: "IP4" | "IP6";
}

/** Where a stream's RTCP goes (RFC 3550 §11, RFC 3605, RFC 5761). */
export type Rtcp =
  | { readonly kind: "none" }
  | { readonly kind: "next" }
  | { readonly kind: "mux" }
  | { readonly kind: "explicit"; readonly host: string | undefined; readonly port: number };

/** An a=rtcp line as it stands, whatever else decides where RTCP goes (RFC 3605 §2.1). */
export interface RtcpLine {
  readonly port: number;
  readonly portSpan: Span;
  /** undefined when the line names a port alone */
  readonly address: Address | undefined;
}

/** An a=candidate line (RFC 8839 §5.1). */
export interface IceCandidate {
  /** 1 is RTP, 2 is RTCP. */
  readonly component: number;
  readonly transport: Transport;
  /** A literal in canonical form, a name as written. */
  readonly host: string;
  readonly hostSpan: Span;
  readonly port: number;
  readonly portSpan: Span;
  /** "host", "srflx", "prflx", "relay", in lower case. */
  readonly type: string;
}

/** One address with its port in an attribute: a URI of a=path (RFC 4975 §8.1), an a=remote-candidates entry. */
export interface AttributeAddress {
  readonly attribute: "path" | "remote-candidates";
  /** A literal in canonical form, a name as written. */
  readonly host: string;
  /** In a URI, an IPv6 address with its brackets. */
  readonly hostSpan: Span;
  readonly port: number;
  readonly portSpan: Span;
}

/** MediaDescription is one m= line with everything that decides its ports. */
export interface MediaDescription {
  /**
   * Position among the m= lines of its message, from 0: offer and answer pair up by it (RFC 3264 §6). The lines of
   * a second session description count on from those of the first.
   */
  readonly index: number;
  /** "audio", "video", "image", "application", "message", ... as written, lower case. */
  readonly media: string;
  /** Host of the c= line in force, as its Address has it; "" when there is none. */
  readonly host: string;
  /** 0 when the stream is rejected or removed (RFC 3264 §6, §8.2). */
  readonly port: number;
  /** Number of consecutive port pairs, `port/count`; 1 unless written. */
  readonly count: number;
  readonly transport: Transport;
  readonly rtcp: Rtcp;
  /** True for c=0.0.0.0 and c=:: (RFC 3264 §8.4): nothing may be sent there. */
  readonly held: boolean;
  /** Index of the line whose port this one shares by BUNDLE (RFC 9143); its own index otherwise. */
  readonly bundledWith: number;
  /** a=setup of a TCP stream (RFC 4145); undefined when absent. */
  readonly setup: "active" | "passive" | "actpass" | "holdconn" | undefined;
  /** True when a=candidate lines or ice-ufrag make this an ICE stream (RFC 8839). */
  readonly ice: boolean;
  readonly portSpan: Span;
  /** The c= line in force, the session's or the line's own; undefined when there is none. */
  readonly connection: Address | undefined;
  readonly rtcpLine: RtcpLine | undefined;
  readonly candidates: readonly IceCandidate[];
  readonly addresses: readonly AttributeAddress[];
}

/** Session is one session description (RFC 8866) as far as it holds addresses. */
export interface Session {
  /** The address of the o= line. */
  readonly origin: Address | undefined;
  /** The c= line of the session level. */
  readonly connection: Address | undefined;
  readonly media: readonly MediaDescription[];
}
