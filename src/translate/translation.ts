import type { MediaDescription } from "../sdp/session.ts";
import type { MediaRewrite, Place, Refusal } from "./mapping.ts";

/** Edit replaces `[start, end)` of a message's text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** Where it stands: a place of signalling, or a line of the body. */
  readonly place: Place | SdpPlace | "content-length";
  /** The RFC section that makes the address stand there. */
  readonly rule: string;
}

/** The lines of a session description that hold an address. */
export type SdpPlace =
  | "sdp-origin"
  | "sdp-connection"
  | "sdp-media"
  | "sdp-rtcp"
  | "sdp-candidate"
  | "sdp-remote-candidates"
  | "sdp-path";

/** An m= line seen in a message, and what it was given. */
export interface MediaUse {
  readonly line: MediaDescription;
  /** undefined: the line was left as it is. */
  readonly rewrite: MediaRewrite | undefined;
}

/** Why the body of a message was left as it is while its header fields were translated. */
export type BodyLeft = "auth-int" | "identity" | "encoded" | "signed" | "encrypted" | "ice";

/** Why a message passes unmodified: all or none of it is translated. */
export type SkipReason =
  | "malformed-header"
  | "malformed-multipart"
  | "malformed-sdp"
  | "conflicting-addresses"
  | Refusal["refused"];

/** Translation is what becomes of one message. */
export type Translation =
  | {
      readonly kind: "translated";
      /** Sorted, not overlapping; empty when nothing of ours stands in the message. */
      readonly edits: readonly Edit[];
      /** Every m= line of the message, so that expectations can be armed for it. */
      readonly media: readonly MediaUse[];
      readonly bodyLeft: BodyLeft | undefined;
    }
  | Skipped;

/** A message that passes unmodified; `detail` says where it failed. */
export interface Skipped {
  readonly kind: "skipped";
  readonly reason: SkipReason;
  readonly detail: string;
}

/** A Skipped. */
export function skipped(reason: SkipReason, detail: string): Skipped {
  return { kind: "skipped", reason, detail };
}
