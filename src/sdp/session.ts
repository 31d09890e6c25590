import type { Transport } from "../packet/endpoint.ts";
import type { Span } from "../sip/message.ts";

/** Where a stream's RTCP goes (RFC 3550 §11, RFC 3605, RFC 5761). */
export type Rtcp =
  | { readonly kind: "none" }
  | { readonly kind: "next" }
  | { readonly kind: "mux" }
  | { readonly kind: "explicit"; readonly host: string | undefined; readonly port: number };

/** MediaDescription is one m= line with everything that decides its ports. */
export interface MediaDescription {
  /** Position among the m= lines of its session, from 0: offer and answer pair up by it (RFC 3264 §6). */
  readonly index: number;
  /** "audio", "video", "image", "application", "message", ... as written, lower case. */
  readonly media: string;
  /** Host of the c= line in force, as written; "" when there is none. */
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
}
