import type { Binding } from "./binding.ts";
import { Call } from "./call.ts";
import { type CallTimers, type Ending, type EndReason, endingOf } from "./call-ending.ts";
import type { CallTable } from "./call-table.ts";
import type { Expectations } from "./expectations.ts";
import type { TableObserver } from "./observer.ts";
import type { StreamTable } from "./stream-table.ts";
import type { Stream } from "./streams.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** Milliseconds after which a call that only its media keeps alive is looked at again, at the latest. */
const FLOW_CHECK = 60_000;

/** Of all calls that are held, one of so many may be of a burst that one outside host begins. */
const BURST_SHARE = 16;

/** CallLife begins calls, keeps them for as long as they are heard of, and ends them with their streams. */
export class CallLife {
  readonly #table: CallTable;
  readonly #streams: StreamTable;
  readonly #expectations: Expectations;
  readonly #wheel: TimerWheel;
  readonly #timers: CallTimers;
  readonly #most: number;
  readonly #observer: TableObserver;

  /** @param most the most calls held */
  constructor(
    table: CallTable,
    streams: StreamTable,
    expectations: Expectations,
    wheel: TimerWheel,
    timers: CallTimers,
    most: number,
    observer: TableObserver,
  ) {
    this.#table = table;
    this.#streams = streams;
    this.#expectations = expectations;
    this.#wheel = wheel;
    this.#timers = timers;
    this.#most = most;
    this.#observer = observer;
  }

  /**
   * The call of this Call-ID, made on first sight. When no more are held, an idle one makes room, see
   * `CallTable.idlest`.
   *
   * @param from the outside host whose message this is; undefined for one from inside
   */
  of(binding: Binding, callId: string, now: number, from?: string): Call {
    return this.#table.find(binding, callId) ?? this.begin(binding, callId, now, from);
  }

  /** Makes a call that is not there yet, see `of`. */
  begin(binding: Binding, callId: string, now: number, from?: string): Call {
    const burst = this.#most / BURST_SHARE;
    const crowding = from === undefined ? undefined : this.#table.unanswered(from, now, burst);
    if (crowding !== undefined) this.#drop(crowding, "too-many-unanswered");
    while (this.#table.size >= this.#most) if (!this.evict()) break;
    const call = new Call(binding, callId, now, this.#review);
    call.unansweredFrom = from;
    this.#table.add(call);
    this.#wheel.schedule(call, now + this.#timers.early);
    return call;
  }

  /**
   * Makes a call that an earlier run had, with nothing said in it yet; `resume` then has it live on.
   *
   * @returns undefined when it is there already, or there is no room for it
   */
  readmit(binding: Binding, callId: string, now: number): Call | undefined {
    if (this.#table.find(binding, callId) !== undefined || this.#table.size >= this.#most) return undefined;
    const call = new Call(binding, callId, now, this.#review);
    this.#table.add(call);
    return call;
  }

  /** Has a call that was put back live on for as long as what is known of it lets it. */
  resume(call: Call, now: number): void {
    if (call.phase === "ended") this.#wheel.schedule(call, now + this.#timers.linger);
    else this.#reschedule(call, now);
  }

  /** When a call ends if nothing more is heard of it, and why; undefined while only its media keeps it. */
  endingOf(call: Call): Ending | undefined {
    return endingOf(call, this.#timers);
  }

  /** A message of the call was seen. */
  heard(call: Call, now: number): void {
    call.heardAt = now;
    this.#table.heard(call);
    this.#reschedule(call, now);
  }

  /** Closes a call's media now and frees its ports a little later, so that a retry of the same call keeps them. */
  end(call: Call, why: EndReason, now: number): void {
    if (call.phase === "ended") return;
    call.phase = "ended";
    this.#expectations.releaseAll(call);
    call.clear();
    this.#observer.callEnded(call, why);
    this.#observer.callChanged(call);
    this.#wheel.schedule(call, now + this.#timers.linger);
  }

  /** Frees all a call holds at once. */
  close(call: Call): void {
    if (!this.#table.delete(call)) return;
    this.#wheel.cancel(call);
    while (call.streams.first !== undefined) this.closeStream(call.streams.first);
    this.#observer.callClosed(call);
  }

  /** Ends all calls of a binding at once. */
  closeAll(binding: Binding): void {
    for (const call of this.#table.of(binding)) this.#drop(call, "binding-closed");
  }

  /** Frees all a stream holds, while its call goes on. */
  closeStream(stream: Stream): void {
    this.#expectations.close(stream);
    this.#streams.free(stream);
  }

  /**
   * Has an idle call make room.
   *
   * @returns false when there is no call but `except`
   */
  evict(except?: Call): boolean {
    const victim = this.#table.idlest(except);
    if (victim === undefined) return false;
    this.#drop(victim, "evicted");
    return true;
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

  #drop(call: Call, why: EndReason): void {
    if (call.phase !== "ended") this.#observer.callEnded(call, why);
    this.close(call);
  }
}
