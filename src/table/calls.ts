import type { Arming } from "./arming.ts";
import type { Binding, InsideHost } from "./binding.ts";
import { Call } from "./call.ts";
import type { CallTimers, EndReason } from "./call-ending.ts";
import { CallLife } from "./call-life.ts";
import { namedIn } from "./call-session.ts";
import { CallTable } from "./call-table.ts";
import { type ExpectationOptions, Expectations } from "./expectations.ts";
import type { TableObserver } from "./observer.ts";
import { ownText } from "./own-text.ts";
import type { PortPool } from "./ports.ts";
import { Slots } from "./slots.ts";
import { isOtherStep } from "./step.ts";
import { type StreamLimits, type StreamRefusal, StreamTable } from "./stream-table.ts";
import type { Stream } from "./streams.ts";
import type { MediaTarget } from "./target.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** The most calls, streams, streams of one inside host, and slots of the kernel's expectation table. */
export interface CallLimits extends StreamLimits {
  readonly calls: number;
  readonly slots: number;
}

/** Calls holds all calls, and says what each message of a call means for its life and its media. */
export class Calls {
  readonly slots: Slots;
  /** What the kernel expects of all calls; whoever hears of its tables tells it there. */
  readonly expectations: Expectations;
  readonly streams: StreamTable;
  /** How calls begin and end. */
  readonly life: CallLife;
  readonly #observer: TableObserver;
  readonly #table = new CallTable();

  constructor(
    ports: PortPool,
    wheel: TimerWheel,
    arming: Arming,
    timers: CallTimers,
    limits: CallLimits,
    options: ExpectationOptions,
    observer: TableObserver,
  ) {
    this.#observer = observer;
    this.slots = new Slots(limits.slots);
    this.streams = new StreamTable(ports, limits, (stream, now) => this.expectations.review(stream, now));
    this.expectations = new Expectations(arming, this.slots, wheel, options, observer, (stream) => {
      this.streams.renumber(stream);
      // A stream knows its call as its owner alone.
      if (stream.call instanceof Call) observer.callChanged(stream.call);
    });
    this.life = new CallLife(
      this.#table,
      this.streams,
      this.expectations,
      wheel,
      timers,
      limits.calls,
      observer,
    );
  }

  /** Calls held, ended ones that still linger included. */
  get size(): number {
    return this.#table.size;
  }

  /** Every call, in no order. */
  values(): Generator<Call> {
    return this.#table.values();
  }

  /** The call of this Call-ID on this binding. */
  find(binding: Binding, callId: string): Call | undefined {
    return this.#table.find(binding, callId);
  }

  /**
   * Takes the streams of some hosts out of the kernel while all calls and ports stay, as when the address they are
   * translated to is another: `settle` then arms them anew.
   */
  release(isAffected: (host: InsideHost) => boolean): void {
    for (const stream of this.streams.values()) {
      if (isAffected(stream.call.host)) this.expectations.release(stream);
    }
  }

  /**
   * The stream of an inside m= line: the same one for as long as the inside address and port are (RFC 3264 §8
   * lets an offer change nothing), else a new one with ports of its own.
   *
   * @param peer the remote signalling host
   * @param port "exactly": only with the inside port for its external one
   */
  stream(
    call: Call,
    target: MediaTarget,
    peer: string,
    port: "any" | "exactly" = "any",
  ): Stream | StreamRefusal {
    const known = call.streams.find(target);
    if (known !== undefined) {
      if (known.media !== target.media) {
        known.media = ownText(target.media);
        call.said++;
        this.#observer.callChanged(call);
      }
      return known;
    }
    const made = this.streams.make(call, target, peer, port);
    if (made !== "table-full" || !this.streams.isFull || !this.life.evict(call)) return made;
    return this.streams.make(call, target, peer, port);
  }

  /** Takes in the SDP of the inside party: its streams by position of their lines. */
  insideSaid(
    call: Call,
    tag: string,
    lines: readonly (Stream | undefined)[],
    muxed: readonly boolean[],
  ): void {
    const before = call.said;
    for (let index = 0; index < lines.length; index++) {
      const stream = lines[index];
      const mux = muxed[index] === true;
      if (stream === undefined || stream.mux === mux) continue;
      stream.mux = mux;
      call.said++;
    }
    if (call.insideSaid(tag, lines) || call.said !== before) this.#observer.callChanged(call);
  }

  /** Takes in the SDP of a remote party. */
  remoteSaid(call: Call, tag: string, targets: readonly (MediaTarget | undefined)[]): void {
    if (call.remoteSaid(tag, targets)) this.#observer.callChanged(call);
  }

  /** An INVITE of a call that has ended tries it again. */
  revive(call: Call, now: number): void {
    if (call.phase !== "ended") return;
    call.phase = "early";
    this.life.heard(call, now);
  }

  /**
   * Brings the kernel's expectations of a call to what its SDP now wants, changing only what differs. Nothing of
   * a call that has ended is armed.
   */
  settle(call: Call, now: number): void {
    if (call.phase !== "ended") this.expectations.settle(call, now);
  }

  /** The inside party has said something in a call, be it that it tries: it is the outside host's alone no more. */
  insideSpoke(call: Call): void {
    this.#table.answered(call);
  }

  /** A 2xx confirmed a dialog of the call (RFC 3261 §13.2.2.4); `dialog` names it by both its tags. */
  answered(call: Call, dialog: string, now: number): void {
    if (call.phase === "ended") return;
    call.cancelledAt = undefined;
    if (call.phase !== "answered" || call.dialogs.latestKey !== dialog) {
      call.phase = "answered";
      call.confirmed(dialog);
      this.#observer.callChanged(call);
    }
    this.life.heard(call, now);
  }

  /**
   * A 2xx from outside says which of the forks is spoken to (RFC 3261 §13.2.2.4); what the others said is forgotten.
   *
   * @param tag To tag of the 2xx
   */
  chooseFork(call: Call, tag: string, now: number): void {
    if (call.remotes.size === 1 || call.dialogs.size > 1 || !call.remotes.has(tag)) return;
    call.keepRemote(tag);
    this.#observer.callChanged(call);
    this.settle(call, now);
  }

  /**
   * A 2xx shows that both sides have agreed on the session; streams that it no longer names or holds are freed.
   *
   * @param sessionExpires seconds of its session timer, undefined without one
   */
  agreed(call: Call, sessionExpires: number | undefined, now: number): void {
    // Without a session timer nobody asks when it was agreed on; with one, it is refreshed long before it is over.
    const isLater = sessionExpires !== undefined && isOtherStep(call.refreshedAt, now);
    let isNews = isLater || call.sessionExpires !== sessionExpires;
    call.refreshedAt = now;
    call.sessionExpires = sessionExpires;
    if (call.open === 0 && this.#closeUnnamed(call)) isNews = true;
    if (isNews) this.#observer.callChanged(call);
  }

  /**
   * A request that was to change the session was refused.
   *
   * @param branch of its topmost Via
   */
  refused(call: Call, branch: string, method: string, now: number): void {
    if (!call.refused(branch, method)) return;
    this.#observer.callChanged(call);
    this.settle(call, now);
  }

  /** A BYE in a dialog was seen: with the last dialog the media is over, whether or not its response comes. */
  byeSeen(call: Call, dialog: string, now: number): void {
    if (!call.dialogs.has(dialog) || call.dialogs.size > 1 || call.byeAt !== undefined) return;
    call.byeAt = now;
    this.expectations.releaseAll(call);
  }

  /** A dialog of the call is over; with the last one the call ends. */
  dialogOver(call: Call, dialog: string, why: EndReason, now: number): void {
    call.dialogOver(dialog);
    call.byeAt = undefined;
    if (call.dialogs.size === 0) this.life.end(call, why, now);
    else {
      this.#observer.callChanged(call);
      this.life.heard(call, now);
    }
  }

  /** Waits for no more events of expectations that were taken out: some of them were lost. */
  forgetRemovals(): void {
    for (const stream of this.streams.values()) this.expectations.forgetRemovals(stream);
  }

  /** @returns true when there was any stream that no SDP of the call names or holds */
  #closeUnnamed(call: Call): boolean {
    const named = namedIn(call);
    const before = call.streams.size;
    let following: Stream | undefined;
    for (let stream = call.streams.first; stream !== undefined; stream = following) {
      ({ following } = stream);
      if (!stream.held && !named.includes(stream)) this.life.closeStream(stream);
    }
    return call.streams.size < before;
  }
}
