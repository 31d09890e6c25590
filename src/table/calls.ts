import type { Address } from "../packet/address.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { Arming } from "./arming.ts";
import type { Binding, InsideHost } from "./binding.ts";
import { Call } from "./call.ts";
import { type CallTimers, type Ending, type EndReason, endingOf } from "./call-ending.ts";
import { CallTable } from "./call-table.ts";
import { type ExpectationOptions, Expectations } from "./expectations.ts";
import type { TableObserver } from "./observer.ts";
import { ownText } from "./own-text.ts";
import type { PortPool } from "./ports.ts";
import type { CallRecord } from "./record.ts";
import { Slots } from "./slots.ts";
import { type StreamLimits, type StreamRefusal, StreamTable } from "./stream-table.ts";
import type { Component, MediaTarget, Stream } from "./streams.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** The most calls, streams, streams of one inside host, and slots of the kernel's expectation table. */
export interface CallLimits extends StreamLimits {
  readonly calls: number;
  readonly slots: number;
}

/** Milliseconds after which a call that only its media keeps alive is looked at again, at the latest. */
const FLOW_CHECK = 60_000;

/** Milliseconds by which a session may last longer than was told before. */
const STEP = 10_000;

/** Of all calls that are held, one of so many may be of a burst that one outside host begins. */
const BURST_SHARE = 16;

/** Calls makes and ends calls and their streams, and says what each message of a call means for its media. */
export class Calls {
  readonly slots: Slots;
  /** What the kernel expects of all calls; whoever hears of its tables tells it there. */
  readonly expectations: Expectations;
  readonly #streams: StreamTable;
  readonly #wheel: TimerWheel;
  readonly #timers: CallTimers;
  readonly #limits: CallLimits;
  readonly #observer: TableObserver;
  readonly #calls = new CallTable();

  constructor(
    ports: PortPool,
    wheel: TimerWheel,
    arming: Arming,
    timers: CallTimers,
    limits: CallLimits,
    options: ExpectationOptions,
    observer: TableObserver,
  ) {
    this.#wheel = wheel;
    this.#timers = timers;
    this.#limits = limits;
    this.#observer = observer;
    this.slots = new Slots(limits.slots);
    this.#streams = new StreamTable(ports, limits, (stream, now) => this.expectations.review(stream, now));
    this.expectations = new Expectations(arming, this.slots, wheel, options, observer, (stream) => {
      this.#streams.renumber(stream);
      // A stream knows its call as its owner alone.
      if (stream.call instanceof Call) observer.callChanged(stream.call);
    });
  }

  /** Calls held, ended ones that still linger included. */
  get calls(): number {
    return this.#calls.size;
  }

  get streams(): number {
    return this.#streams.size;
  }

  /** Every call, in no order. */
  values(): Generator<Call> {
    return this.#calls.values();
  }

  /** The call of this Call-ID on this binding. */
  find(binding: Binding, callId: string): Call | undefined {
    return this.#calls.find(binding, callId);
  }

  /**
   * The call of this Call-ID, made on first sight. When no more are held, an idle one makes room, see
   * `CallTable.idlest`.
   *
   * @param from the outside host whose message this is; undefined for one from inside
   */
  of(binding: Binding, callId: string, now: number, from?: string): Call {
    return this.find(binding, callId) ?? this.begin(binding, callId, now, from);
  }

  /** Makes a call that is not there yet, see `of`. */
  begin(binding: Binding, callId: string, now: number, from?: string): Call {
    const burst = this.#limits.calls / BURST_SHARE;
    const crowding = from === undefined ? undefined : this.#calls.unanswered(from, now, burst);
    if (crowding !== undefined) this.#drop(crowding, "too-many-unanswered");
    while (this.#calls.size >= this.#limits.calls) if (!this.#evictCall()) break;
    const call = new Call(binding, callId, now, this.#review);
    call.unansweredFrom = from;
    this.#calls.add(call);
    this.#wheel.schedule(call, now + this.#timers.early);
    return call;
  }

  /** When a call ends if nothing more is heard of it, and why; undefined while only its media keeps it. */
  endingOf(call: Call): Ending | undefined {
    return endingOf(call, this.#timers);
  }

  /** Ends all calls of a binding at once. */
  closeAll(binding: Binding): void {
    for (const call of this.#calls.of(binding)) this.#drop(call, "binding-closed");
  }

  /**
   * Takes the streams of some hosts out of the kernel while all calls and ports stay, as when the address they are
   * translated to is another: `settle` then arms them anew.
   */
  release(isAffected: (host: InsideHost) => boolean): void {
    for (const stream of this.#streams.values()) {
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
    const made = this.#streams.make(call, target, peer, port);
    if (made !== "table-full" || !this.#streams.isFull || !this.#evictCall(call)) return made;
    return this.#streams.make(call, target, peer, port);
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
    this.heard(call, now);
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
    this.#calls.answered(call);
  }

  /** A message of the call was seen. */
  heard(call: Call, now: number): void {
    call.heardAt = now;
    this.#calls.heard(call);
    this.#reschedule(call, now);
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
    this.heard(call, now);
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
    const isLater =
      sessionExpires !== undefined && Math.floor(call.refreshedAt / STEP) !== Math.floor(now / STEP);
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
    this.#release(call);
  }

  /** A dialog of the call is over; with the last one the call ends. */
  dialogOver(call: Call, dialog: string, why: EndReason, now: number): void {
    call.dialogOver(dialog);
    call.byeAt = undefined;
    if (call.dialogs.size === 0) this.end(call, why, now);
    else {
      this.#observer.callChanged(call);
      this.heard(call, now);
    }
  }

  /** Closes a call's media now and frees its ports a little later, so that a retry of the same call keeps them. */
  end(call: Call, why: EndReason, now: number): void {
    if (call.phase === "ended") return;
    call.phase = "ended";
    this.#release(call);
    call.clear();
    this.#observer.callEnded(call, why);
    this.#observer.callChanged(call);
    this.#wheel.schedule(call, now + this.#timers.linger);
  }

  /** Frees all a call holds at once. */
  close(call: Call): void {
    if (!this.#calls.delete(call)) return;
    this.#wheel.cancel(call);
    while (call.streams.first !== undefined) this.#closeStream(call.streams.first);
    this.#observer.callClosed(call);
  }

  /** The stream whose master leads to this remote host and has this id. */
  byMaster(peer: Address, id: number): Stream | undefined {
    return this.#streams.byMaster(peer, id);
  }

  /** The component an external media port belongs to. */
  byPort(port: number): Component | undefined {
    return this.#streams.byPort(port);
  }

  /** The component of an IPv6 host at this endpoint. */
  byEndpoint(endpoint: Endpoint): Component | undefined {
    return this.#streams.byEndpoint(endpoint);
  }

  /** Every stream, in no order. */
  allStreams(): IterableIterator<Stream> {
    return this.#streams.values();
  }

  /** Waits for no more events of expectations that were taken out: some of them were lost. */
  forgetRemovals(): void {
    for (const stream of this.#streams.values()) this.expectations.forgetRemovals(stream);
  }

  /**
   * Puts back a call that an earlier run had; what the kernel holds of it is for the caller to find out, and
   * `settle` then to complete.
   *
   * @param elapsed milliseconds to add to a record's times to have them on our clock
   * @returns undefined when it is there already, or there is no room for it
   */
  restore(binding: Binding, record: CallRecord, elapsed: number, now: number): Call | undefined {
    if (this.find(binding, record.callId) !== undefined || this.#calls.size >= this.#limits.calls)
      return undefined;
    const call = new Call(binding, record.callId, now, (it, at) => this.#review(it, at));
    this.#calls.add(call);
    call.phase = record.phase;
    const streams = record.streams.map(({ id, peer, target, base, mux }) => {
      const stream = this.#streams.restore(call, target, peer, base, id);
      if (stream !== undefined) stream.mux = mux;
      return stream;
    });
    for (const [tag, indexes] of record.lines) {
      const lines = indexes.map((index) => (index === null ? undefined : streams[index]));
      call.insideSaid(tag, lines);
    }
    for (const [tag, targets] of record.remotes) {
      const known = targets.map((one) => one ?? undefined);
      call.remoteSaid(tag, known);
    }
    for (const dialog of record.dialogs) call.confirmed(dialog);
    call.sessionExpires = record.sessionExpires ?? undefined;
    call.refreshedAt = record.refreshedAt + elapsed;
    if (call.phase === "ended") this.#wheel.schedule(call, now + this.#timers.linger);
    else this.#reschedule(call, now);
    return call;
  }

  /** Looks whether a call has ended by the clock. */
  readonly #review = (call: Call, now: number): void => {
    const ending = this.endingOf(call);
    if (ending === undefined || ending.at > now) this.#reschedule(call, now);
    else if (call.phase === "ended") this.close(call);
    else this.end(call, ending.why, now);
  };

  /** A later end is noticed when the timer comes; only an earlier one moves it. */
  #reschedule(call: Call, now: number): void {
    if (call.phase === "ended") return;
    const due = this.endingOf(call)?.at ?? now + Math.min(FLOW_CHECK, this.#timers.mediaIdle);
    if (call.slot === -1 || due < call.due) this.#wheel.schedule(call, due);
  }

  /** @returns false when there is no call but `except` */
  #evictCall(except?: Call): boolean {
    const victim = this.#calls.idlest(except);
    if (victim === undefined) return false;
    this.#drop(victim, "evicted");
    return true;
  }

  #drop(call: Call, why: EndReason): void {
    if (call.phase !== "ended") this.#observer.callEnded(call, why);
    this.close(call);
  }

  #release(call: Call): void {
    for (let stream = call.streams.first; stream !== undefined; stream = stream.following) {
      this.expectations.release(stream);
    }
  }

  /** @returns true when there was any stream that no SDP of the call names or holds */
  #closeUnnamed(call: Call): boolean {
    const named = call.named();
    const before = call.streams.size;
    let following: Stream | undefined;
    for (let stream = call.streams.first; stream !== undefined; stream = following) {
      ({ following } = stream);
      if (!stream.held && !named.includes(stream)) this.#closeStream(stream);
    }
    return call.streams.size < before;
  }

  #closeStream(stream: Stream): void {
    this.expectations.close(stream);
    this.#streams.free(stream);
  }
}
