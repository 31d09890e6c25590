import type { HeaderTable } from "./headers.ts";
import type { Span } from "./span.ts";
import type { OtherUri, SipUri } from "./uri.ts";
import type { Via } from "./via.ts";

/**
 * SipMessage is one request or response as spans into the text it was scanned from; nothing is copied.
 *
 * NB: its strings (callId, tags, branch, method) may be slices that keep the whole text in memory. Whoever stores
 * one for longer than the message copies it first. Call-ID, tags and branch are as `identifier` gives them.
 */
export interface SipMessage {
  /** The scanned text, one latin1 character per byte, so that offsets are byte offsets. */
  readonly text: string;
  /** Offset of the first character of the start-line (after any leading CRLF, RFC 3261 §7.5). */
  readonly start: number;
  /** Offset just behind the message: the end of its body. */
  readonly end: number;
  readonly kind: "request" | "response";
  /** Method of a request; of a response, the method its CSeq names (RFC 3261 §8.2.6.2). */
  readonly method: string;
  /** Status code of a response, 0 for a request. */
  readonly status: number;
  /** Request-URI of a request; an empty span for a response. */
  readonly requestUri: Span;
  /** What `requestUri` holds; undefined for a response. */
  readonly uri: SipUri | OtherUri | undefined;
  readonly headers: HeaderTable;
  readonly callId: string;
  readonly cseq: number;
  /** Tag of From, "" when absent. */
  readonly fromTag: string;
  /** Tag of To, "" when absent. */
  readonly toTag: string;
  /** The topmost Via. */
  readonly via: Via;
  /** Branch of the topmost Via, "" when absent. */
  readonly branch: string;
  /** Where the body starts; equal to `bodyEnd` when there is none. */
  readonly bodyStart: number;
  readonly bodyEnd: number;
}
