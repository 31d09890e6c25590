import type { Binding, InsideHost } from "./binding.ts";
import { BoundedMap } from "./bounded-map.ts";
import { ownText } from "./own-text.ts";
import { flowOf, type MediaTarget, type Stream, type StreamOwner } from "./streams.ts";
import type { TimerEntry } from "./timer-wheel.ts";

/**
 * Where a call stands. early: no final answer yet (RFC 3261 §12.1). answered: a dialog was confirmed by a 2xx.
 * ended: its media is closed, its ports are kept a little for a retry of the same call.
 */
export type CallPhase = "early" | "answered" | "ended";

/** Streams by position of their m= line, per tag of the inside party (RFC 3264 §6 pairs lines by position). */
export type Lines = BoundedMap<string, readonly (Stream | undefined)[]>;
/** What the remote parties' SDP says, per tag: forks answer each for themselves (RFC 3261 §13.1). */
export type Remotes = BoundedMap<string, readonly (MediaTarget | undefined)[]>;

/** What both sides had said when a request went out that may change it. */
interface Session {
  readonly lines: Lines;
  readonly remotes: Remotes;
}

/** Forks, re-tagged answers and dialogs beyond this many are not followed; the latest ones are. */
export const MOST_TAGS = 16;
/** m= lines that all tags of one side may say together: those that spoke longest ago make room. */
const MOST_LINES = 64;
/** Requests without their final response beyond this many are not followed; the latest ones are. */
const MOST_OPEN = 8;

/** Call is one call of one inside endpoint: a Call-ID seen on its binding. All times are in milliseconds. */
export class Call implements StreamOwner, TimerEntry {
  readonly binding: Binding;
  readonly callId: string;
  readonly streams = new BoundedMap<string, Stream>();
  lines: Lines = new BoundedMap();
  remotes: Remotes = new BoundedMap();
  /** The confirmed dialogs (RFC 3261 §12): forks may leave several, and the call lasts as long as one does. */
  readonly dialogs = new BoundedMap<string, true>();
  phase: CallPhase = "early";
  readonly beganAt: number;
  /** When a message of it was seen last, and when its session was last agreed on (RFC 4028 §7.2). */
  heardAt: number;
  refreshedAt: number;
  /** Seconds of Session-Expires in the last 2xx, undefined where no session timer was agreed on. */
  sessionExpires: number | undefined;
  /** When the last of its media fell silent for the kernel; it counts while no media flows. */
  quietSince: number;
  /** What still waits for its counterpart: a 2xx for its ACK, a CANCEL or a BYE for its response. */
  unackedSince: number | undefined;
  /** True when the ACK comes from outside, to a port of ours, so that it cannot pass us by. */
  ackPassesHere = false;
  cancelledAt: number | undefined;
  /**
   * The outside host that began it, until the inside party says something in it: until then it may hold what one
   * INVITE says and no more, so that nobody can fill the memory alone.
   */
  unansweredFrom: string | undefined;
  byeAt: number | undefined;
  // It is its own timer, as a binding is.
  due = 0;
  next: TimerEntry | undefined = undefined;
  previous: TimerEntry | undefined = undefined;
  slot = -1;
  readonly #review: (call: Call, now: number) => void;
  /** The session as it was before each INVITE or UPDATE that has no final response, by branch. */
  readonly #before = new BoundedMap<string, Session>();

  /** @param review called when its timer is due */
  constructor(binding: Binding, callId: string, now: number, review: (call: Call, now: number) => void) {
    this.binding = binding;
    this.callId = ownText(callId);
    this.beganAt = now;
    this.heardAt = now;
    this.refreshedAt = now;
    this.quietSince = now;
    this.#review = review;
  }

  expire(now: number): void {
    this.#review(this, now);
  }

  get host(): InsideHost {
    return this.binding.host;
  }

  get isForking(): boolean {
    return this.phase === "early" && this.remotes.size > 1;
  }

  /** True while the kernel forwards media of it. */
  get isFlowing(): boolean {
    for (const { components } of this.streams.values()) {
      for (const component of components) if (flowOf(component) !== undefined) return true;
    }
    return false;
  }

  /** True while both sides have agreed that nothing is sent (RFC 3264 §8.4): silence then says nothing. */
  get isHeld(): boolean {
    let streams = 0;
    for (const { components } of this.streams.values()) {
      for (const { wanted } of components) if (wanted.length > 0) return false;
      streams++;
    }
    return streams > 0;
  }

  /** Takes in the streams of an SDP of the inside party by position of their lines. */
  insideSaid(tag: string, lines: readonly (Stream | undefined)[]): void {
    said(this.lines, tag, lines, this.#most(MOST_TAGS));
  }

  /** Takes in the SDP of a remote party. */
  remoteSaid(tag: string, targets: readonly (MediaTarget | undefined)[]): void {
    said(this.remotes, tag, targets, this.#most(MOST_TAGS));
  }

  #most(answered: number): number {
    return this.unansweredFrom === undefined ? answered : 1;
  }

  mediaSeen(): void {
    if (!this.ackPassesHere) this.unackedSince = undefined;
  }

  /** What the remote parties say of each stream; several lines may be one stream (SAVP and AVP, BUNDLE). */
  targets(): Map<Stream, MediaTarget[]> {
    const targets = new Map<Stream, MediaTarget[]>();
    for (const lines of this.lines.values()) {
      for (const [index, stream] of lines.entries()) {
        if (stream === undefined) continue;
        const known = targets.get(stream) ?? [];
        targets.set(stream, known);
        for (const remote of this.remotes.values()) {
          const target = remote[index];
          // An offer that turns the line to other media (T.38, RFC 3264 §8.3.3) is none for the present stream.
          if (target?.media === stream.media) known.push(target);
        }
      }
    }
    return targets;
  }

  /** How many INVITEs and UPDATEs wait for their final response. */
  get open(): number {
    return this.#before.size;
  }

  /** Notes an INVITE or UPDATE before its SDP is taken in; a retransmission changes nothing. */
  requested(branch: string): void {
    if (!this.#before.has(branch)) {
      this.#before.set(
        ownText(branch),
        { lines: this.lines.copy(), remotes: this.remotes.copy() },
        this.#most(MOST_OPEN),
      );
    }
  }

  /** Notes that such a request was accepted. */
  accepted(branch: string): void {
    this.#before.delete(branch);
  }

  /**
   * Notes that such a request was refused: the session is again what it was before (RFC 3261 §14.1, RFC 3311 §5.2).
   *
   * @returns true when the session has changed by it
   */
  refused(branch: string, method: string): boolean {
    const before = this.#before.get(branch);
    if (before === undefined) return false;
    const open = [...this.#before.keys()];
    this.#before.delete(branch);
    // Of the INVITEs that are to begin it, others may go on: what they have said stands.
    if (method === "INVITE" && this.dialogs.size === 0) return false;
    // What this one had proposed is not what a request after it would leave.
    for (const later of open.slice(open.indexOf(branch) + 1)) this.#before.set(later, before);
    this.lines = before.lines.copy();
    this.remotes = before.remotes.copy();
    return true;
  }

  /** Forgets all that was said in it. */
  clear(): void {
    this.lines.clear();
    this.remotes.clear();
    this.dialogs.clear();
    this.#before.clear();
    this.unackedSince = undefined;
    this.cancelledAt = undefined;
    this.byeAt = undefined;
  }
}

function said<Line>(
  byTag: BoundedMap<string, readonly Line[]>,
  tag: string,
  lines: readonly Line[],
  most: number,
): void {
  byTag.set(ownText(tag), lines, most);
  let count = 0;
  for (const { length } of byTag.values()) count += length;
  for (const [oldest, { length }] of byTag) {
    if (count <= MOST_LINES) return;
    byTag.delete(oldest);
    count -= length;
  }
}
