import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";
import type { Arming } from "./arming.ts";
import type { Call } from "./call.ts";
import { namedIn, targetsOf } from "./call-session.ts";
import { ComponentArming } from "./component-arming.ts";
import {
  armed,
  CLOSED,
  expectationsOf,
  flowOf,
  type MediaFlow,
  PLANNED,
  waitsForKernel,
  withFlow,
  withoutFlow,
} from "./component-state.ts";
import { ExpectationSet } from "./expectation-set.ts";
import type { TableObserver } from "./observer.ts";
import { strikeRemoval } from "./removals.ts";
import { RANKS, rankOf, type Slots } from "./slots.ts";
import { type Component, NOTHING_WANTED, type Stream } from "./streams.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import { FROM_ANY, names, type Wanted } from "./wanted.ts";
import { type SourcePolicy, wantedFor } from "./wanted-for.ts";

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
  readonly #components: ComponentArming;

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
    this.#components = new ComponentArming(arming, slots, wheel, options.renewal, observer, renumber);
  }

  /** Brings the kernel to what the SDP of a call now wants, changing only what differs; `now` in milliseconds. */
  settle(call: Call, now: number): void {
    const named = namedIn(call);
    // What the SDP no longer names goes first: the kernel takes no expectation that another master has (EBUSY).
    for (let stream = call.streams.first; stream !== undefined; stream = stream.following) {
      if (!named.includes(stream)) this.#withdraw(stream, now);
    }
    for (const stream of named) {
      for (const component of stream.components) {
        this.#want(component, call);
        this.#forgetMovedFlow(component, now);
        this.#components.apply(component, now, true);
      }
    }
  }

  /** Works out what the SDP of a call wants, and leaves the kernel alone. */
  plan(call: Call): void {
    for (const { components } of namedIn(call)) {
      for (const component of components) this.#want(component, call);
    }
  }

  /** Puts an expectation that the kernel was found to hold into the table. */
  adopt(component: Component, wanted: Wanted, now: number): void {
    const { state } = component;
    const expectations = state.kind === "armed" ? state.expectations : new ExpectationSet();
    expectations.add(wanted);
    component.stream.master = "present";
    this.#components.become(component, armed(now, expectations, flowOf(component), undefined));
    this.#components.watch(component.stream, now + this.#options.renewal);
  }

  /**
   * The kernel says that an expectation is gone: we took it out, or a packet has used it. Who sent that packet is
   * told next (`flowBegan`), unless it was dropped on its way; then the expectation is made anew.
   *
   * @param key as `wantedKey` gives it
   */
  gone(component: Component, key: string, now: number): void {
    // It may be the event of an earlier one of this name, which must not be taken for the end of the present one.
    if (strikeRemoval(component, key)) return;
    if (component.state.kind !== "armed" || !component.state.expectations.delete(key)) return;
    this.#slots.note(component);
    this.#observer.consumed(component);
    // The next fork's early media may be right behind the first one's.
    if (component.stream.call.isForking) this.#components.apply(component, now, true);
    else this.#components.watch(component.stream, now + CONSUMED_CHECK);
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
      if (component.strays++ < MOST_STRAYS) this.#components.apply(component, now, true);
      return;
    }
    const flow: MediaFlow = { remote, since: now, noticed };
    component.hasFlowed = true;
    component.stream.call.mediaSeen();
    this.#components.become(component, withFlow(state, flow));
    this.#components.apply(component, now, true);
  }

  /** Whoever used an expectation of a component has no use of it: it is made anew. */
  armAgain(component: Component, now: number): void {
    if (component.stream.call.phase !== "ended") this.#components.apply(component, now, true);
  }

  /** A conntrack of a component's media is gone; in a live call its media is expected again. */
  flowEnded(component: Component, remote: Endpoint, now: number): void {
    const flow = flowOf(component);
    if (flow === undefined || !isSameEndpoint(flow.remote, remote)) return;
    this.#components.become(component, withoutFlow(component.state, now));
    const { call } = component.stream;
    if (call.phase === "ended") return;
    if (!call.isFlowing) call.quietSince = now;
    this.#components.apply(component, now, true);
  }

  /** A stream's master is gone, and all its expectations with it: it is armed anew. */
  masterGone(stream: Stream, now: number): void {
    stream.master = "absent";
    for (const component of stream.components) this.#components.forgetArmed(component);
    for (const component of stream.components) this.#components.apply(component, now, true);
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
      this.#components.apply(component, now, false);
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
      const renewed = state.expectations.values().slice();
      this.#components.apply(component, now, false);
      if (renewed.length > 0) this.#arming.renew(component, renewed);
      this.#components.watch(stream, now + this.#options.renewal);
    }
  }

  /** Waits for no more events of expectations that were taken out: some of them were lost. */
  forgetRemovals(stream: Stream): void {
    for (const component of stream.components) component.removed = undefined;
  }

  /** Takes a stream out of the kernel; it keeps its ports. */
  release(stream: Stream): void {
    this.#wheel.cancel(stream);
    for (const component of stream.components) {
      this.#components.forgetArmed(component);
      wantNothing(component);
      // Who offers again, in a call that was refused, waits for another answer.
      component.answered = false;
      component.keptAny = false;
      this.#components.become(component, PLANNED);
    }
    if (stream.master === "present") this.#arming.release(stream);
  }

  /** Takes all streams of a call out of the kernel; they keep their ports. */
  releaseAll({ streams }: Call): void {
    for (let stream = streams.first; stream !== undefined; stream = stream.following) this.release(stream);
  }

  /** Takes a stream out of the kernel for good. */
  close(stream: Stream): void {
    this.release(stream);
    for (const component of stream.components) this.#components.become(component, CLOSED);
  }

  #want(component: Component, call: Call): void {
    // NB: an expectation for any source is kept until it is consumed, even when the answer names the source. To
    // narrow it would be to delete it and make another, as the kernel takes no two that overlap (EBUSY); a first
    // packet that arrives between the two finds neither, and its conntrack then leads to this host for good.
    const keepsAny = this.#options.sources === "signalled" && expectationsOf(component).holds(FROM_ANY);
    if (component.wantedOf === call.said && component.keptAny === keepsAny) return;
    const targets = targetsOf(call, component.stream);
    // The line is offered other media, which is none of this stream's; until that is accepted, all stays as it is.
    if (targets.length === 0 && component.answered) return;
    component.wanted = wantedFor(component, targets, keepsAny ? "any" : this.#options.sources);
    component.answered = targets.length > 0;
    component.wantedOf = call.said;
    component.keptAny = keepsAny;
  }

  /** A remote that has moved is urgent again: its old flow says nothing of the new one. */
  #forgetMovedFlow(component: Component, now: number): void {
    const { wanted, answered } = component;
    const flow = flowOf(component);
    if (flow === undefined || !answered || wanted.length === 0 || this.#options.sources === "any") return;
    if (names(wanted, flow.remote.host)) return;
    component.hasFlowed = false;
    this.#components.become(component, withoutFlow(component.state, now));
  }

  #withdraw(stream: Stream, now: number): void {
    for (const component of stream.components) {
      wantNothing(component);
      this.#components.apply(component, now, false);
    }
  }
}

function wantNothing(component: Component): void {
  component.wanted = NOTHING_WANTED;
  component.wantedOf = -1;
}
