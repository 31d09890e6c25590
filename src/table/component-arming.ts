import type { ArmFailure, Arming } from "./arming.ts";
import {
  armed,
  atRest,
  type ComponentState,
  expectationsOf,
  flowOf,
  type WaitReason,
} from "./component-state.ts";
import { ExpectationSet } from "./expectation-set.ts";
import type { TableObserver } from "./observer.ts";
import { expectEvent, strikeRemoval } from "./removals.ts";
import { rankOf, type Slots } from "./slots.ts";
import type { Component, Stream } from "./streams.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import { type Wanted, wantedKey } from "./wanted.ts";
import { unserved } from "./wanted-for.ts";

/** New attempts at one arming when the kernel refuses it. */
const MOST_ATTEMPTS = 3;

/** ComponentArming has the kernel hold what a component wants, within the slots there are, and answers its refusals. */
export class ComponentArming {
  readonly #arming: Arming;
  readonly #slots: Slots;
  readonly #wheel: TimerWheel;
  readonly #renewal: number;
  readonly #observer: TableObserver;
  readonly #renumber: (stream: Stream) => void;

  /**
   * @param renewal milliseconds after which a stream that was armed is looked at again
   * @param renumber gives a stream another id if there is one
   */
  constructor(
    arming: Arming,
    slots: Slots,
    wheel: TimerWheel,
    renewal: number,
    observer: TableObserver,
    renumber: (stream: Stream) => void,
  ) {
    this.#arming = arming;
    this.#slots = slots;
    this.#wheel = wheel;
    this.#renewal = renewal;
    this.#observer = observer;
    this.#renumber = renumber;
  }

  /** Makes the kernel hold what is wanted and not served by a flow; `mayEvict` lets others make room for it. */
  apply(component: Component, now: number, mayEvict: boolean, attempt = 0): void {
    const { state, wanted, stream } = component;
    const flow = flowOf(component);
    const missing = stream.call.isForking ? wanted : unserved(wanted, flow);
    const present = expectationsOf(component);
    this.#takeOut(component, present.except(missing));
    const lacking = present.lacksOf(missing);
    if (missing.length === 0) this.become(component, atRest(component, now));
    else if (lacking.length > 0) this.#arm(component, lacking, now, mayEvict, attempt);
    else if (state.kind !== "armed") return;
    else if (state.flow === flow && state.lacks === undefined) this.#slots.note(component);
    else this.become(component, armed(state.since, state.expectations, flow, undefined));
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
    const { state } = component;
    const expectations = state.kind === "armed" ? state.expectations : new ExpectationSet();
    expectations.addAll(lacking);
    const since = state.kind === "armed" ? state.since : now;
    this.become(component, armed(since, expectations, flowOf(component), undefined));
    this.watch(component.stream, now + this.#renewal);
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
    const present = expectationsOf(component);
    // What was taken out before the kernel refused it never was there: no event of it will come.
    for (const one of refused) if (!present.holds(one)) strikeRemoval(component, wantedKey(one));
    // It was closed or released in the meantime, and its master's end took everything with it.
    if (state.kind !== "armed") return;
    for (const one of refused) state.expectations.remove(one);
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
        this.forgetArmed(component);
        break;
      case "id-taken":
        stream.master = "absent";
        this.forgetArmed(component);
        this.#renumber(stream);
        break;
      case "busy":
        this.#wait(component, "kernel-busy", now);
        return;
      case "taken":
      case "refused":
        // Until the next SDP it is not asked for again.
        component.wanted = component.wanted.filter((one) => !refused.includes(one));
        component.wantedOf = -1;
        break;
    }
    this.apply(component, now, mayEvict, attempt);
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
    this.#takeOut(victim, expectationsOf(victim).values().slice());
    this.become(
      victim,
      flow === undefined ? { kind: "waiting", since: now, reason: "evicted" } : { kind: "flowing", flow },
    );
    this.#observer.evicted(victim);
  }

  #wait(component: Component, reason: WaitReason, now: number): void {
    const { state } = component;
    if (state.kind === "armed" && state.expectations.size > 0) {
      this.become(component, armed(state.since, state.expectations, state.flow, reason));
      return;
    }
    const flow = flowOf(component);
    if (flow !== undefined) this.become(component, { kind: "flowing", flow });
    else if (state.kind !== "waiting") this.become(component, { kind: "waiting", since: now, reason });
  }

  #takeOut(component: Component, surplus: readonly Wanted[]): void {
    if (surplus.length === 0 || component.state.kind !== "armed") return;
    for (const one of surplus) {
      expectEvent(component, one);
      component.state.expectations.remove(one);
    }
    this.#slots.note(component);
    this.#arming.disarm(component, surplus);
  }

  /** Forgets expectations that are gone with their master; their events are still to come. */
  forgetArmed(component: Component): void {
    const { state } = component;
    if (state.kind !== "armed") return;
    for (const one of state.expectations.values()) expectEvent(component, one);
    state.expectations.clear();
    this.#slots.note(component);
  }

  /** Takes in the state that a component has now. */
  become(component: Component, state: ComponentState): void {
    component.state = state;
    this.#slots.note(component);
  }

  /** Has a stream looked at again when `due`, in milliseconds, or before. */
  watch(stream: Stream, due: number): void {
    if (stream.slot === -1 || due < stream.due) this.#wheel.schedule(stream, due);
  }
}
