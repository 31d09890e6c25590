/** Why a payload is not a SIP message that may be edited. */
export type NotSipReason =
  | "stun"
  | "no-start-line"
  | "malformed-header"
  | "unterminated-headers"
  | "missing-header"
  | "repeated-header"
  | "malformed-via"
  | "malformed-from"
  | "malformed-to"
  | "malformed-call-id"
  | "malformed-cseq"
  | "cseq-method-mismatch"
  | "malformed-content-length"
  | "malformed-date"
  | "body-shorter-than-content-length";

/** A payload that is left alone, with the offset at which that became clear. */
export interface NotSip {
  readonly kind: "not-sip";
  readonly reason: NotSipReason;
  readonly at: number;
}

/** A NotSip; `at` is an offset into the payload. */
export function notSip(reason: NotSipReason, at: number): NotSip {
  return { kind: "not-sip", reason, at };
}
