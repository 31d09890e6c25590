import type { Call } from "./call.ts";

/** Durations of a call's life, all in milliseconds. */
export interface CallTimers {
  /** Without a provisional or final response (RFC 3261 §16.8 suggests 3 minutes). */
  readonly early: number;
  /** Of an answered call on hold, without any SIP. */
  readonly answered: number;
  /** Of an answered call that is not on hold, without any SIP and any media. */
  readonly mediaIdle: number;
  /** Between the end of a call and the release of its ports. */
  readonly linger: number;
}

/** Why a call ends, or has ended. */
export type EndReason =
  | "bye"
  | "refused"
  | "dialog-gone"
  | "not-a-call"
  | "unanswered"
  | "cancelled"
  | "no-response-to-bye"
  | "no-ack"
  | "session-expired"
  | "media-idle"
  | "silent-on-hold"
  | "evicted"
  | "too-many-unanswered"
  | "binding-closed"
  | "linger-over";

/** When a call ends if nothing more is heard of it, in milliseconds, and why. */
export interface Ending {
  readonly at: number;
  readonly why: EndReason;
}

/** 64 * T1: how long a transaction waits for what it misses (RFC 3261 §13.3.1.4, §9.1, §17.1.2.2). */
const TRANSACTION = 32_000;

/**
 * When and why a call ends if nothing more is heard of it.
 *
 * A 2xx of the inside party that nobody acknowledges ends it, media or not (RFC 3261 §13.3.1.4). The ACK of a call
 * from inside may go to a port of the remote that is not SIP to us, so there media shows that it has got there.
 *
 * @returns undefined while only its media keeps it: what flows is not ended by a clock
 */
export function endingOf(call: Call, timers: CallTimers): Ending | undefined {
  if (call.phase === "ended") return { at: call.due, why: "linger-over" };
  if (call.byeAt !== undefined) return { at: call.byeAt + TRANSACTION, why: "no-response-to-bye" };
  if (call.phase === "early") {
    const unanswered = { at: call.heardAt + timers.early, why: "unanswered" } as const;
    if (call.cancelledAt === undefined) return unanswered;
    return earlier(unanswered, { at: call.cancelledAt + TRANSACTION, why: "cancelled" });
  }
  const unacked = unackedEnd(call);
  if (call.isFlowing) return call.ackPassesHere ? unacked : undefined;
  const quiet = call.isHeld
    ? ({ at: call.heardAt + timers.answered, why: "silent-on-hold" } as const)
    : ({ at: Math.max(call.heardAt, call.quietSince) + timers.mediaIdle, why: "media-idle" } as const);
  return earlier(earlier(quiet, sessionEnd(call)), unacked);
}

/** Whoever refreshes it sends a BYE before it is over (RFC 4028 §10), so nothing is left to wait for. */
function sessionEnd({ refreshedAt, sessionExpires }: Call): Ending | undefined {
  if (sessionExpires === undefined) return undefined;
  return { at: refreshedAt + sessionExpires * 1000, why: "session-expired" };
}

function unackedEnd({ unackedSince }: Call): Ending | undefined {
  return unackedSince === undefined ? undefined : { at: unackedSince + TRANSACTION, why: "no-ack" };
}

function earlier(one: Ending, other: Ending | undefined): Ending {
  return other !== undefined && other.at < one.at ? other : one;
}
