import type { SipMessage } from "../sip/message.ts";
import type { Call, Calls } from "../table/calls.ts";

/** Final responses after which the same call is tried again with credentials (RFC 3261 §22.2, §22.3). */
const CHALLENGES: ReadonlySet<number> = new Set([401, 407]);
/** Responses that end the dialog they are for, whatever its request was (RFC 3261 §12.2.1.2). */
const DIALOG_GONE: ReadonlySet<number> = new Set([408, 481]);

/** Methods whose bodies offer or answer media (RFC 3261 §13, RFC 3262 §5, RFC 3311 §5). */
const NEGOTIATING: ReadonlySet<string> = new Set(["INVITE", "ACK", "PRACK", "UPDATE"]);

/** True when an SDP in this message is an offer or an answer, and not a capability. */
export function negotiates(message: SipMessage): boolean {
  return NEGOTIATING.has(message.method) && message.status < 300;
}

/** True for an INVITE request: it begins a call, or tries one again that was refused. */
export function startsCall(message: SipMessage): boolean {
  return message.kind === "request" && message.method === "INVITE";
}

/** What one message did to its call, for the log. */
export type Progress = "answered" | "ended" | "alive";

/**
 * Moves a call on by one message of it, whichever way that travels: answered by a 2xx to its INVITE, ended by
 * the response to a BYE, by a final error to the INVITE that would have made it, or by a response that says
 * the dialog is gone. Anything else shows that it is alive.
 *
 * @param now milliseconds
 */
export function progressCall(calls: Calls, call: Call, message: SipMessage, now: number): Progress {
  const { status, method } = message;
  if (status < 200) {
    calls.touch(call, now);
    return "alive";
  }
  const dialog = dialogOf(message);
  if (endsDialog(method, status)) {
    calls.dialogOver(call, dialog, now);
    return call.dialogs.size === 0 ? "ended" : "alive";
  }
  // Its INVITE was refused for good, and no other fork of it was answered.
  if (method === "INVITE" && call.phase === "early" && status >= 300 && !CHALLENGES.has(status)) {
    calls.end(call, now);
    return "ended";
  }
  if (method === "INVITE" && status < 300) {
    calls.answered(call, dialog, now);
    return "answered";
  }
  calls.touch(call, now);
  return "alive";
}

function endsDialog(method: string, status: number): boolean {
  if (method === "BYE") return !CHALLENGES.has(status);
  return (method === "INVITE" || method === "UPDATE") && DIALOG_GONE.has(status);
}

/** Names a dialog by its two tags, the same whichever side sent the request (RFC 3261 §12). */
function dialogOf({ fromTag, toTag }: SipMessage): string {
  return fromTag < toTag ? `${fromTag} ${toTag}` : `${toTag} ${fromTag}`;
}
