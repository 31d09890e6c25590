import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";
import type { ArmFailure, Arming } from "./arming.ts";
import type { Call } from "./call.ts";
import type { TableObserver } from "./observer.ts";
import { RANKS, rankOf, type Slots } from "./slots.ts";
import {
  type Component,
  type ComponentState,
  expectationsOf,
  flowOf,
  type MediaFlow,
  type MediaTarget,
  type Stream,
  type WaitReason,
} from "./streams.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import {
  ANY_SOURCE,
  names,
  type SourcePolicy,
  unserved,
  type Wanted,
  wantedFor,
  wantedKey,
} from "./wanted.ts";

/** How expectations are kept. */
export interface ExpectationOptions {
  /** Milliseconds after which the kernel is told anew that an expectation is still wanted. */
  readonly renewal: number;
  readonly sources: SourcePolicy;
}

/** Milliseconds within which whoever has used an expectation has its conntrack; a packet may be dropped before. */
const CONSUMED_CHECK = 1000;
/** So often strangers' packets are answered at once with another expectation; after that once a check. */
const MOST_STRAYS = 16;
/** New attempts at one arming when the kernel refuses it. */
const MOST_ATTEMPTS = 3;
/** Waiting components armed in one go. */
const MOST_REFILLS = 64;

/**
 * Expectations keeps what the kernel expects as the SDP of the calls and the media that flows want it, within the
 * slots there are. The states of a component are those of `ComponentState`; it is driven by `settle` (SDP), by what
 * the kernel tells of (`gone`, `flowBegan`, `flowEnded`, `masterGone`) and by the timers of the streams.
 */
export class Expectations {
  readonly #arming: Arming;
  readonly #slots: Slots;
  readonly #wheel: TimerWheel;
  readonly #options: ExpectationOptions;
  readonly #observer: TableObserver;
  readonly #renumber: (stream: Stream) => void;

  /** @param renumber gives a stream another id if there is one */
  constructor(
    arming: Arming,
    slots: Slots,
    wheel: TimerWheel,
    options: ExpectationOptions,
    observer: TableObserver,
    renumber: (stream: Stream) => void,
  ) {
    this.#arming = arming;
    this.#slots = slots;
    this.#wheel = wheel;
    this.#options = options;
    this.#observer = observer;
    this.#renumber = renumber;
  }

  /** Brings the kernel to what the SDP of a call now wants, changing only what differs; `now` in milliseconds. */
  settle(call: Call, now: number): void {
    const targets = targetsOf(call);
    // What the SDP no longer names goes first: the kernel takes no expectation that another master has (EBUSY).
    for (const stream of call.streams.values()) if (!targets.has(stream)) this.#withdraw(stream, now);
    for (const [stream, known] of targets) {
      for (const component of stream.components) {
        this.#want(component, known);
        this.#forgetMovedFlow(component, now);
        this.#apply(component, now, true);
      }
    }
  }

  /** Works out what the SDP of a call wants, and leaves the kernel alone. */
  plan(call: Call): void {
    for (const [stream, known] of targetsOf(call)) {
      for (const component of stream.components) this.#want(component, known);
    }
  }

  /** Puts an expectation that the kernel was found to hold into the table. */
  adopt(component: Component, wanted: Wanted, now: number): void {
    const expectations = new Map(expectationsOf(component)).set(wantedKey(wanted), wanted);
    component.stream.master = "present";
    this.#become(component, armed(now, expectations, flowOf(component), undefined));
    this.#watch(component.stream, now + this.#options.renewal);
  }

  /**
   * The kernel says that an expectation is gone: we took it out, or a packet has used it. Who sent that packet is
   * told next (`flowBegan`), unless it was dropped on its way; then the expectation is made anew.
   */
  gone(component: Component, key: string, now: number): void {
    const awaited = component.removed?.get(key);
    if (component.removed !== undefined && awaited !== undefined) {
      // The event of an earlier one of this name, which must not be taken for the end of the present one.
      if (awaited > 1) component.removed.set(key, awaited - 1);
      else component.removed.delete(key);
      if (component.removed.size === 0) component.removed = undefined;
      return;
    }
    if (component.state.kind !== "armed" || !component.state.expectations.delete(key)) return;
    this.#slots.note(component);
    this.#observer.consumed(component);
    // The next fork's early media may be right behind the first one's.
    if (component.stream.call.isForking) this.#apply(component, now, true);
    else this.#watch(component.stream, now + CONSUMED_CHECK);
  }

  /**
   * The kernel has made a conntrack for a component's media, so that it needs no slot any more. What it leaves to be
   * expected stays: other forks, early media while nobody has answered, everything if it is a stranger's.
   *
   * @param noticed true when the kernel will tell of its end
   */
  flowBegan(component: Component, remote: Endpoint, now: number, noticed: boolean): void {
    const { state, wanted } = component;
    if (state.kind === "closed") return;
    if (component.answered && this.#options.sources !== "any" && !names(wanted, remote.host)) {
      this.#observer.strayed(component, remote.host);
      // One that goes on and on must not have us work at its pace.
      if (component.strays++ < MOST_STRAYS) this.#apply(component, now, true);
      return;
    }
    const flow: MediaFlow = { remote, since: now, noticed };
    component.hasFlowed = true;
    component.stream.call.mediaSeen();
    this.#become(component, withFlow(state, flow));
    this.#apply(component, now, true);
  }

  /** Whoever used an expectation of a component has no use of it: it is made anew. */
  armAgain(component: Component, now: number): void {
    if (component.stream.call.phase !== "ended") this.#apply(component, now, true);
  }

  /** A conntrack of a component's media is gone; in a live call its media is expected again. */
  flowEnded(component: Component, remote: Endpoint, now: number): void {
    const flow = flowOf(component);
    if (flow === undefined || !isSameEndpoint(flow.remote, remote)) return;
    const { state } = component;
    this.#become(
      component,
      state.kind === "armed"
        ? armed(state.since, state.expectations, undefined, state.lacks)
        : { kind: "idle", since: now },
    );
    const { call } = component.stream;
    if (call.phase === "ended") return;
    if (!call.isFlowing) call.quietSince = now;
    this.#apply(component, now, true);
  }

  /** A stream's master is gone, and all its expectations with it: it is armed anew. */
  masterGone(stream: Stream, now: number): void {
    stream.master = "absent";
    for (const component of stream.components) this.#forgetArmed(component);
    for (const component of stream.components) this.#apply(component, now, true);
  }

  /**
   * Arms those that wait, the most urgent first, as far as slots are free.
   *
   * @param urgent not what the kernel refused a moment ago, and, unless slots are plenty, only answered media that was
   * never heard: RTCP that nobody sends would be armed and evicted in turn
   */
  refill(now: number, urgent: boolean): void {
    for (let count = 0; count < MOST_REFILLS; count++) {
      const component = this.#slots.firstWaiting();
      if (component === undefined) return;
      const isUrgent = rankOf(component) === RANKS.length - 1 || this.#slots.isPlenty;
      if (urgent && (!isUrgent || waitsForKernel(component))) return;
      const before = expectationsOf(component).size;
      this.#apply(component, now, false);
      if (expectationsOf(component).size === before) return;
    }
  }

  /** Sees to a stream whose timer is due: what was used up by nobody is made anew, the rest is renewed. */
  review(stream: Stream, now: number): void {
    if (stream.call.phase === "ended") return;
    for (const component of stream.components) {
      component.strays = 0;
      const { state } = component;
      if (state.kind !== "armed") continue;
      const renewed = [...state.expectations.values()];
      this.#apply(component, now, false);
      if (renewed.length > 0) this.#arming.renew(component, renewed);
      this.#watch(stream, now + this.#options.renewal);
    }
  }

  /** Waits for no more events of expectations that were taken out: some of them were lost. */
  forgetRemovals(stream: Stream): void {
    for (const component of stream.components) component.removed = undefined;
  }

  /** Takes a stream out of the kernel; it keeps its ports. */
  release(stream: Stream): void {
    this.#wheel.cancel(stream.timer);
    for (const component of stream.components) {
      this.#forgetArmed(component);
      component.wanted = [];
      this.#become(component, { kind: "planned" });
    }
    if (stream.master === "present") this.#arming.release(stream);
  }

  /** Takes a stream out of the kernel for good. */
  close(stream: Stream): void {
    this.release(stream);
    for (const component of stream.components) this.#become(component, { kind: "closed" });
  }

  #want(component: Component, targets: readonly MediaTarget[]): void {
    // The line is offered other media, which is none of this stream's; until that is accepted, all stays as it is.
    if (targets.length === 0 && component.answered) return;
    // NB: an expectation for any source is kept until it is consumed, even when the answer names the source. To
    // narrow it would be to delete it and make another, as the kernel takes no two that overlap (EBUSY); a first
    // packet that arrives between the two finds neither, and its conntrack then leads to this host for good.
    const keepsAny = this.#options.sources === "signalled" && expectationsOf(component).has(ANY_SOURCE);
    component.wanted = wantedFor(component, targets, keepsAny ? "any" : this.#options.sources);
    component.answered = targets.length > 0;
  }

  /** A remote that has moved is urgent again: its old flow says nothing of the new one. */
  #forgetMovedFlow(component: Component, now: number): void {
    const { wanted, answered } = component;
    const flow = flowOf(component);
    if (flow === undefined || !answered || wanted.length === 0 || this.#options.sources === "any") return;
    if (names(wanted, flow.remote.host)) return;
    component.hasFlowed = false;
    this.#become(component, withoutFlow(component.state, now));
  }

  /** Makes the kernel hold what is wanted and not served by a flow; `mayEvict` lets others make room for it. */
  #apply(component: Component, now: number, mayEvict: boolean, attempt = 0): void {
    const { state, wanted, stream } = component;
    const flow = flowOf(component);
    const missing = stream.call.isForking ? wanted : unserved(wanted, flow);
    const keys = new Set(missing.map(wantedKey));
    const present = expectationsOf(component);
    this.#takeOut(
      component,
      [...present.values()].filter((one) => !keys.has(wantedKey(one))),
    );
    const lacking = missing.filter((one) => !present.has(wantedKey(one)));
    if (missing.length === 0) this.#become(component, atRest(component, now));
    else if (lacking.length > 0) this.#arm(component, lacking, now, mayEvict, attempt);
    else if (state.kind === "armed") {
      this.#become(component, armed(state.since, state.expectations, flow, undefined));
    }
  }

  #arm(
    component: Component,
    lacking: readonly Wanted[],
    now: number,
    mayEvict: boolean,
    attempt: number,
  ): void {
    if (!this.#makeRoom(component, lacking.length, mayEvict, now)) {
      this.#wait(component, "slots-full", now);
      return;
    }
    const expectations = new Map(expectationsOf(component));
    for (const one of lacking) expectations.set(wantedKey(one), one);
    const since = component.state.kind === "armed" ? component.state.since : now;
    this.#become(component, armed(since, expectations, flowOf(component), undefined));
    this.#watch(component.stream, now + this.#options.renewal);
    this.#arming.arm(component, lacking, (failure, refused) =>
      this.#failed(component, failure, refused, now, mayEvict, attempt + 1),
    );
  }

  #failed(
    component: Component,
    failure: ArmFailure,
    refused: readonly Wanted[],
    now: number,
    mayEvict: boolean,
    attempt: number,
  ): void {
    const { state, stream } = component;
    // It was closed or released in the meantime, and its master's end took everything with it.
    if (state.kind !== "armed") return;
    for (const one of refused) state.expectations.delete(wantedKey(one));
    this.#slots.note(component);
    switch (attempt < MOST_ATTEMPTS ? failure : "busy") {
      case "full": {
        const victim = mayEvict ? this.#slots.victim(rankOf(component), component) : undefined;
        if (victim === undefined) {
          this.#wait(component, "kernel-full", now);
          return;
        }
        this.#evict(victim, now);
        break;
      }
      case "master-gone":
        stream.master = "absent";
        this.#forgetArmed(component);
        break;
      case "id-taken":
        stream.master = "absent";
        this.#forgetArmed(component);
        this.#renumber(stream);
        break;
      case "busy":
        this.#wait(component, "kernel-busy", now);
        return;
      case "taken":
      case "refused":
        // Until the next SDP it is not asked for again.
        component.wanted = component.wanted.filter((one) => !refused.includes(one));
        break;
    }
    this.#apply(component, now, mayEvict, attempt);
  }

  #makeRoom(component: Component, count: number, mayEvict: boolean, now: number): boolean {
    while (this.#slots.used + count > this.#slots.limit) {
      const victim = mayEvict ? this.#slots.victim(rankOf(component), component) : undefined;
      if (victim === undefined) return false;
      this.#evict(victim, now);
    }
    return true;
  }

  #evict(victim: Component, now: number): void {
    const flow = flowOf(victim);
    this.#takeOut(victim, [...expectationsOf(victim).values()]);
    this.#become(
      victim,
      flow === undefined ? { kind: "waiting", since: now, reason: "evicted" } : { kind: "flowing", flow },
    );
    this.#observer.evicted(victim);
  }

  #wait(component: Component, reason: WaitReason, now: number): void {
    const { state } = component;
    if (state.kind === "armed" && state.expectations.size > 0) {
      this.#become(component, armed(state.since, state.expectations, state.flow, reason));
      return;
    }
    const flow = flowOf(component);
    if (flow !== undefined) this.#become(component, { kind: "flowing", flow });
    else if (state.kind !== "waiting") this.#become(component, { kind: "waiting", since: now, reason });
  }

  #withdraw(stream: Stream, now: number): void {
    for (const component of stream.components) {
      component.wanted = [];
      this.#apply(component, now, false);
    }
  }

  #takeOut(component: Component, surplus: readonly Wanted[]): void {
    if (surplus.length === 0 || component.state.kind !== "armed") return;
    for (const one of surplus) this.#await(component, wantedKey(one));
    for (const one of surplus) component.state.expectations.delete(wantedKey(one));
    this.#slots.note(component);
    this.#arming.disarm(component, surplus);
  }

  /** Forgets expectations that are gone with their master; their events are still to come. */
  #forgetArmed(component: Component): void {
    const { state } = component;
    if (state.kind !== "armed") return;
    for (const key of state.expectations.keys()) this.#await(component, key);
    state.expectations.clear();
    this.#slots.note(component);
  }

  #await(component: Component, key: string): void {
    component.removed ??= new Map();
    component.removed.set(key, (component.removed.get(key) ?? 0) + 1);
  }

  #become(component: Component, state: ComponentState): void {
    component.state = state;
    this.#slots.note(component);
  }

  #watch(stream: Stream, due: number): void {
    if (stream.timer.slot === -1 || due < stream.timer.due) this.#wheel.schedule(stream.timer, due);
  }
}

/** What the remote parties say of each stream; several lines may be one stream (SAVP and AVP, BUNDLE). */
function targetsOf(call: Call): Map<Stream, MediaTarget[]> {
  const targets = new Map<Stream, MediaTarget[]>();
  for (const lines of call.lines.values()) {
    for (const [index, stream] of lines.entries()) {
      if (stream === undefined) continue;
      const known = targets.get(stream) ?? [];
      targets.set(stream, known);
      for (const remote of call.remotes.values()) {
        const target = remote[index];
        // An offer that turns the line to other media (T.38, RFC 3264 §8.3.3) is none for the present stream.
        if (target?.media === stream.media) known.push(target);
      }
    }
  }
  return targets;
}

function armed(
  since: number,
  expectations: Map<string, Wanted>,
  flow: MediaFlow | undefined,
  lacks: WaitReason | undefined,
): ComponentState {
  return { kind: "armed", since, expectations, flow, lacks };
}

function withFlow(state: ComponentState, flow: MediaFlow): ComponentState {
  return state.kind === "armed"
    ? armed(state.since, state.expectations, flow, state.lacks)
    : { kind: "flowing", flow };
}

function withoutFlow(state: ComponentState, now: number): ComponentState {
  return state.kind === "armed"
    ? armed(state.since, state.expectations, undefined, state.lacks)
    : { kind: "idle", since: now };
}

/** The state of a component of which nothing is wanted in the kernel. */
function atRest(component: Component, now: number): ComponentState {
  const flow = flowOf(component);
  if (flow !== undefined) return { kind: "flowing", flow };
  if (component.state.kind === "idle") return component.state;
  return component.hasFlowed ? { kind: "idle", since: now } : { kind: "planned" };
}

function waitsForKernel({ state }: Component): boolean {
  const reason = state.kind === "waiting" ? state.reason : state.kind === "armed" ? state.lacks : undefined;
  return reason === "kernel-full" || reason === "kernel-busy";
}
