import type { Binding, InsideHost } from "./binding.ts";
import { Call } from "./call.ts";
import { FairQueue } from "./fair-queue.ts";
import { OldestFirst } from "./oldest-first.ts";

/** Calls looked at for one that may make room, so that a table of calls whose media flows costs bounded work. */
const IDLE_SEARCH = 16;

/** Calls that one outside host may have begun and nobody inside has said anything in, but for a burst of them. */
const MOST_UNANSWERED = 256;
/** T1 in milliseconds: who takes a call in says that it tries before its INVITE is sent again (RFC 3261 §17.2.1). */
const T1 = 500;

/** CallTable holds calls by binding and Call-ID, and knows which of them is idle. */
export class CallTable {
  /** By Call-ID: the call, or its bindings where it is seen on several, as that of a hairpin. */
  readonly #byId = new Map<string, Call | Map<Binding, Call>>();
  /** All calls by inside host, the one heard of longest ago first. */
  readonly #idlest = new FairQueue<InsideHost, Call>();

  /** Calls that nobody inside has said anything in, by the outside host that began them. */
  readonly #unanswered = new Map<string, OldestFirst<Call>>();

  /** Ended calls that still linger included. */
  get size(): number {
    return this.#idlest.size;
  }

  /** Every call, in no order. */
  *values(): Generator<Call> {
    for (const found of this.#byId.values()) {
      if (found instanceof Call) yield found;
      else yield* found.values();
    }
  }

  /** The call of this Call-ID on this binding. */
  find(binding: Binding, callId: string): Call | undefined {
    const found = this.#byId.get(callId);
    if (!(found instanceof Call)) return found?.get(binding);
    return found.binding === binding ? found : undefined;
  }

  /** All calls of a binding, as they are now, the one made first first. */
  of(binding: Binding): readonly Call[] {
    const calls: Call[] = [];
    for (let call = binding.latestCall; call !== undefined; call = call.madeBefore) {
      // A binding knows its calls as links alone.
      if (call instanceof Call) calls.push(call);
    }
    return calls.reverse();
  }

  /** Adds a call, which its binding must not have yet. */
  add(call: Call): void {
    const { binding, callId } = call;
    const others = this.#byId.get(callId);
    if (others === undefined) this.#byId.set(callId, call);
    else if (others instanceof Call) {
      const calls = new Map([
        [others.binding, others],
        [binding, call],
      ]);
      this.#byId.set(callId, calls);
    } else others.set(binding, call);
    call.madeBefore = binding.latestCall;
    if (binding.latestCall !== undefined) binding.latestCall.madeAfter = call;
    binding.latestCall = call;
    binding.calls++;
    this.heard(call);
    const remote = call.unansweredFrom;
    if (remote === undefined) return;
    const unanswered = this.#unanswered.get(remote) ?? new OldestFirst();
    this.#unanswered.set(remote, unanswered);
    unanswered.add(call);
  }

  /**
   * The oldest call that an outside host began and nobody answers, when it has as many of them as it may; while that
   * one may still be answered in time, it may have `burst`.
   */
  unanswered(remote: string, now: number, burst: number): Call | undefined {
    const calls = this.#unanswered.get(remote);
    const oldest = calls?.oldest;
    if (calls === undefined || oldest === undefined || calls.size < MOST_UNANSWERED) return undefined;
    return calls.size >= burst || now - oldest.beganAt > T1 ? oldest : undefined;
  }

  /** Notes that the inside party has said something in a call. */
  answered(call: Call): void {
    const remote = call.unansweredFrom;
    if (remote === undefined) return;
    call.unansweredFrom = undefined;
    const unanswered = this.#unanswered.get(remote);
    unanswered?.delete(call);
    if (unanswered?.size === 0) this.#unanswered.delete(remote);
  }

  /** Notes that a call was just heard of. */
  heard(call: Call): void {
    this.#idlest.add(call.host, call);
  }

  /** @returns false when it was not there */
  delete(call: Call): boolean {
    const { binding, callId, madeBefore, madeAfter } = call;
    const found = this.#byId.get(callId);
    if (found === call) this.#byId.delete(callId);
    else {
      if (!(found instanceof Map) || found.get(binding) !== call) return false;
      found.delete(binding);
      if (found.size === 0) this.#byId.delete(callId);
    }
    if (madeBefore !== undefined) madeBefore.madeAfter = madeAfter;
    if (madeAfter === undefined) binding.latestCall = madeBefore;
    else madeAfter.madeBefore = madeBefore;
    call.madeBefore = undefined;
    call.madeAfter = undefined;
    binding.calls--;
    this.#idlest.delete(call.host, call);
    this.answered(call);
    return true;
  }

  /**
   * The call that has to make room: of the inside host that has most, the one heard of longest ago, with those passed
   * over whose media flows, as long as there are not too many of them.
   *
   * @param spared is passed over too
   * @returns undefined when there is no call but `spared`
   */
  idlest(spared?: Call): Call | undefined {
    let found = this.#idlest.oldestOfLargest(spared);
    for (let tried = 1; tried < IDLE_SEARCH && found?.isFlowing === true; tried++) {
      this.heard(found);
      found = this.#idlest.oldestOfLargest(spared);
    }
    return found;
  }
}
