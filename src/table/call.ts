import type { Binding, CallOfBinding, InsideHost } from "./binding.ts";
import { BoundedMap } from "./bounded-map.ts";
import { NO_LINES, NO_REMOTES, type Session, sessionNow } from "./call-session.ts";
import { flowOf } from "./component-state.ts";
import type { FairItem, Share } from "./fair-queue.ts";
import type { Kept } from "./kept.ts";
import { ownText } from "./own-text.ts";
import { isLatest, isSameTarget, withSaid } from "./said.ts";
import { StreamList } from "./stream-list.ts";
import type { Stream, StreamOwner } from "./streams.ts";
import type { MediaTarget } from "./target.ts";
import type { TimerEntry } from "./timer-wheel.ts";

/**
 * Where a call stands. early: no final answer yet (RFC 3261 §12.1). answered: a dialog was confirmed by a 2xx.
 * ended: its media is closed, its ports are kept a little for a retry of the same call.
 */
export type CallPhase = "early" | "answered" | "ended";

/** Dialogs by their names, which are of both tags. */
type Dialogs = Pick<BoundedMap<string, true>, "size" | "has" | "keys" | "latestKey">;

/** Of a call that nobody has answered. */
const NO_DIALOGS: Dialogs = new BoundedMap();

/** Forks, re-tagged answers and dialogs beyond this many are not followed; the latest ones are. */
const MOST_TAGS = 16;
/** Requests without their final response beyond this many are not followed; the latest ones are. */
const MOST_OPEN = 8;

/** Call is one call of one inside endpoint: a Call-ID seen on its binding. All times are in milliseconds. */
export class Call implements StreamOwner, TimerEntry, FairItem<Call>, CallOfBinding, Kept {
  readonly binding: Binding;
  readonly callId: string;
  readonly streams = new StreamList<Stream>();
  lines = NO_LINES;
  remotes = NO_REMOTES;
  /** Counts the changes of what is said: of `lines`, `remotes` and what the streams carry. */
  said = 0;
  // It is its own link in its table's list of idle calls, and in that of its binding.
  share: Share<Call> | undefined = undefined;
  older: Call | undefined = undefined;
  younger: Call | undefined = undefined;
  madeBefore: CallOfBinding | undefined = undefined;
  madeAfter: CallOfBinding | undefined = undefined;
  #dialogs: BoundedMap<string, true> | undefined = undefined;
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
  unwritten: object | undefined = undefined;
  /** True once a record of it has been read to be written. */
  mayBeStored = false;
  // It is its own timer, as a binding is.
  due = 0;
  next: TimerEntry | undefined = undefined;
  previous: TimerEntry | undefined = undefined;
  slot = -1;
  readonly #review: (call: Call, now: number) => void;
  /** The session as it was before each INVITE or UPDATE that has no final response, by branch. */
  #before: BoundedMap<string, Session> | undefined = undefined;

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

  /** The confirmed dialogs (RFC 3261 §12): forks may leave several, and the call lasts as long as one does. */
  get dialogs(): Dialogs {
    return this.#dialogs ?? NO_DIALOGS;
  }

  get isForking(): boolean {
    return this.phase === "early" && this.remotes.size > 1;
  }

  /** True while the kernel forwards media of it. */
  get isFlowing(): boolean {
    for (let stream = this.streams.first; stream !== undefined; stream = stream.following) {
      for (const component of stream.components) if (flowOf(component) !== undefined) return true;
    }
    return false;
  }

  /** True while both sides have agreed that nothing is sent (RFC 3264 §8.4): silence then says nothing. */
  get isHeld(): boolean {
    for (let stream = this.streams.first; stream !== undefined; stream = stream.following) {
      for (const { wanted } of stream.components) if (wanted.length > 0) return false;
    }
    return this.streams.size > 0;
  }

  /**
   * Takes in the streams of an SDP of the inside party by position of their lines.
   *
   * @returns false when it says nothing else than before
   */
  insideSaid(tag: string, lines: readonly (Stream | undefined)[]): boolean {
    if (isLatest(this.lines, tag, lines, isSame)) return false;
    this.lines = withSaid(this.lines, tag, lines, this.#most(MOST_TAGS));
    this.said++;
    return true;
  }

  /**
   * Takes in the SDP of a remote party.
   *
   * @returns false when it says nothing else than before
   */
  remoteSaid(tag: string, targets: readonly (MediaTarget | undefined)[]): boolean {
    if (isLatest(this.remotes, tag, targets, isSameTarget)) return false;
    this.remotes = withSaid(this.remotes, tag, targets, this.#most(MOST_TAGS));
    this.said++;
    return true;
  }

  /** Forgets what all remote parties have said but the one of this tag. */
  keepRemote(tag: string): void {
    const kept = this.remotes.get(tag);
    if (kept === undefined) return;
    this.remotes = withSaid(NO_REMOTES, tag, kept, MOST_TAGS);
    this.said++;
  }

  #most(answered: number): number {
    return this.unansweredFrom === undefined ? answered : 1;
  }

  mediaSeen(): void {
    if (!this.ackPassesHere) this.unackedSince = undefined;
  }

  /** How many INVITEs and UPDATEs wait for their final response. */
  get open(): number {
    return this.#before?.size ?? 0;
  }

  /** Notes an INVITE or UPDATE before its SDP is taken in; a retransmission changes nothing. */
  requested(branch: string): void {
    if (this.#before?.has(branch) === true) return;
    this.#before ??= new BoundedMap();
    this.#before.set(ownText(branch), sessionNow(this), this.#most(MOST_OPEN));
  }

  /** Notes that a dialog of it was confirmed, which is then the latest; the oldest of too many is forgotten. */
  confirmed(dialog: string): void {
    this.#dialogs ??= new BoundedMap();
    this.#dialogs.set(ownText(dialog), true, MOST_TAGS);
  }

  /** Notes that a dialog of it is over. */
  dialogOver(dialog: string): void {
    this.#dialogs?.delete(dialog);
  }

  /** Notes that such a request was accepted. */
  accepted(branch: string): void {
    this.#before?.delete(branch);
    if (this.open === 0) this.#before = undefined;
  }

  /**
   * Notes that such a request was refused: the session is again what it was before (RFC 3261 §14.1, RFC 3311 §5.2).
   *
   * @returns true when the session has changed by it
   */
  refused(branch: string, method: string): boolean {
    const all = this.#before;
    const before = all?.get(branch);
    if (all === undefined || before === undefined) return false;
    const open = [...all.keys()];
    this.accepted(branch);
    // Of the INVITEs that are to begin it, others may go on: what they have said stands.
    if (method === "INVITE" && this.dialogs.size === 0) return false;
    // What this one had proposed is not what a request after it would leave.
    for (const later of open.slice(open.indexOf(branch) + 1)) all.set(later, before);
    this.lines = before.lines;
    this.remotes = before.remotes;
    this.said++;
    return true;
  }

  /** Forgets all that was said in it. */
  clear(): void {
    this.lines = NO_LINES;
    this.remotes = NO_REMOTES;
    this.said++;
    this.#dialogs = undefined;
    this.#before = undefined;
    this.unackedSince = undefined;
    this.cancelledAt = undefined;
    this.byeAt = undefined;
  }
}

function isSame(one: Stream | undefined, other: Stream | undefined): boolean {
  return one === other;
}
