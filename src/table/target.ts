import type { Endpoint, Transport } from "../packet/endpoint.ts";

/** What an SDP says of one m= line, whichever side sent it: where its media and its RTCP are to be sent. */
export interface MediaTarget {
  readonly index: number;
  readonly media: string;
  readonly transport: Transport;
  readonly rtp: Endpoint;
  /** undefined when the stream has no RTCP (udptl, TCP). */
  readonly rtcp: Endpoint | undefined;
  /** Offers or accepts RTCP on the RTP port (RFC 5761 §5.1.1): it holds when both sides say so. */
  readonly mux: boolean;
  /** Consecutive port pairs (RFC 4566 §5.14). */
  readonly count: number;
  /** c= is 0.0.0.0 or :: (RFC 3264 §8.4): nothing is to be sent there now. */
  readonly held: boolean;
}
