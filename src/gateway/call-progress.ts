import type { SipMessage } from "../sip/message.ts";
import { sessionExpires } from "../sip/session-timer.ts";
import type { Call } from "../table/call.ts";
import type { Calls } from "../table/calls.ts";

/** Final responses after which the same request is sent again with credentials (RFC 3261 §22.2, §22.3). */
const CHALLENGES: ReadonlySet<number> = new Set([401, 407]);
/** Responses that end the dialog they are for, whatever its request was (RFC 3261 §12.2.1.2). */
const DIALOG_GONE: ReadonlySet<number> = new Set([408, 481]);

/** Methods whose bodies offer or answer media (RFC 3261 §13, RFC 3262 §5, RFC 3311 §5). */
const NEGOTIATING: ReadonlySet<string> = new Set(["INVITE", "ACK", "PRACK", "UPDATE"]);
/** Methods that agree on a session, and leave the one before it when they are refused. */
const SESSION: ReadonlySet<string> = new Set(["INVITE", "UPDATE"]);

/** True when an SDP in this message is an offer or an answer, and not a capability. */
export function negotiates(message: SipMessage): boolean {
  return NEGOTIATING.has(message.method) && message.status < 300;
}

/** True for an INVITE request: it begins a call, or tries one again that was refused. */
export function startsCall(message: SipMessage): boolean {
  return message.kind === "request" && message.method === "INVITE";
}

/** Notes a request that may change the session, before its SDP is taken in: a refusal brings back what was. */
export function noteRequest(call: Call, message: SipMessage): void {
  if (message.kind === "request" && SESSION.has(message.method)) call.requested(transactionOf(message));
}

/** What one message did to its call, for the log. */
export type Progress = "answered" | "ended" | "alive";

/**
 * Moves a call on by one message of it, whichever way that travels.
 *
 * A 2xx to its INVITE answers it (RFC 3261 §13.2.2.4). It ends by the response to a BYE, by a response that says
 * the dialog is gone, or when every INVITE that would have made it was refused for good: a fork that fails leaves
 * the others. A request that misses its answer ends it after 64 * T1. Anything else shows that it is alive.
 *
 * @param now milliseconds
 */
export function progressCall(
  calls: Calls,
  call: Call,
  message: SipMessage,
  direction: "outbound" | "inbound",
  now: number,
): Progress {
  if (message.kind === "request") noteRequestSeen(calls, call, message, now);
  else if (message.status >= 200) return progressByResponse(calls, call, message, direction, now);
  calls.life.heard(call, now);
  return "alive";
}

function noteRequestSeen(calls: Calls, call: Call, message: SipMessage, now: number): void {
  const { method } = message;
  if (method === "BYE") calls.byeSeen(call, dialogOf(message), now);
  else if (method === "CANCEL") call.cancelledAt ??= now;
  else if (method !== "INVITE") call.unackedSince = undefined;
}

function progressByResponse(
  calls: Calls,
  call: Call,
  message: SipMessage,
  direction: "outbound" | "inbound",
  now: number,
): Progress {
  const { status, method } = message;
  const dialog = dialogOf(message);
  if (method === "BYE") {
    if (CHALLENGES.has(status)) call.byeAt = undefined;
    else calls.dialogOver(call, dialog, "bye", now);
    return call.phase === "ended" ? "ended" : "alive";
  }
  if (!SESSION.has(method)) {
    calls.life.heard(call, now);
    return "alive";
  }
  if (status >= 300) {
    calls.refused(call, transactionOf(message), method, now);
    return refusedBy(calls, call, message, dialog, now);
  }
  call.accepted(transactionOf(message));
  calls.agreed(call, sessionExpires(message), now);
  if (method === "INVITE") {
    call.unackedSince = now;
    call.ackPassesHere = direction === "outbound";
    calls.answered(call, dialog, now);
    return "answered";
  }
  calls.life.heard(call, now);
  return "alive";
}

function refusedBy(
  calls: Calls,
  call: Call,
  { status, method }: SipMessage,
  dialog: string,
  now: number,
): Progress {
  if (DIALOG_GONE.has(status) && call.dialogs.has(dialog)) calls.dialogOver(call, dialog, "dialog-gone", now);
  else if (method === "INVITE" && call.dialogs.size === 0 && call.open === 0 && !CHALLENGES.has(status)) {
    calls.life.end(call, "refused", now);
  } else calls.life.heard(call, now);
  return call.phase === "ended" ? "ended" : "alive";
}

/** A request and its responses share the branch of the topmost Via (RFC 3261 §17.1.3). */
function transactionOf({ branch, cseq }: SipMessage): string {
  return branch === "" ? `cseq ${cseq}` : branch;
}

/** Names a dialog by its two tags, the same whichever side sent the request (RFC 3261 §12). */
function dialogOf({ fromTag, toTag }: SipMessage): string {
  return fromTag < toTag ? `${fromTag} ${toTag}` : `${toTag} ${fromTag}`;
}
