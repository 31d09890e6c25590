import type { InsideHost } from "./binding.ts";
import { expectationsOf, flowOf } from "./component-state.ts";
import { FairQueue } from "./fair-queue.ts";
import { OldestFirst } from "./oldest-first.ts";
import type { Component } from "./streams.ts";

/**
 * How soon a component gives way when slots are short, the first one first: it has a flow already; nobody has
 * answered it; its media has flowed before; and last of all answered media that was never heard. RTCP goes before RTP.
 */
export const RANKS = ["surplus", "unanswered", "idle-rtcp", "idle", "answered-rtcp", "answered"] as const;

/** An index of RANKS. */
export type Rank = 0 | 1 | 2 | 3 | 4 | 5;

/** The rank of a component as it stands. */
export function rankOf(component: Component): Rank {
  if (flowOf(component) !== undefined) return 0;
  if (!component.answered) return 1;
  if (component.hasFlowed) return component.kind === "rtcp" ? 2 : 3;
  return component.kind === "rtcp" ? 4 : 5;
}

/**
 * Slots accounts for the entries of the kernel's expectation table that are ours, says who has to make room when
 * they run short, and keeps those that wait for one. All of it is O(1) per component.
 */
export class Slots {
  /** The most of them, all components together. */
  readonly limit: number;
  readonly #victims: readonly FairQueue<InsideHost, Component>[];
  readonly #waiting: readonly OldestFirst<Component>[];
  #used = 0;
  #most = 0;

  constructor(limit: number) {
    this.limit = limit;
    this.#victims = RANKS.map(() => new FairQueue());
    this.#waiting = RANKS.map(() => new OldestFirst());
  }

  get used(): number {
    return this.#used;
  }

  /** The most that were ever used at once. */
  get most(): number {
    return this.#most;
  }

  /** True while at least half of them are free. */
  get isPlenty(): boolean {
    return this.#used * 2 <= this.limit;
  }

  /** How many components wait for slots. */
  get waiting(): number {
    return this.#waiting.reduce((sum, { size }) => sum + size, 0);
  }

  /** Takes in what a component holds now, how urgent that is, and whether it waits for more. */
  note(component: Component): void {
    const { state, stream, held, rank: before } = component;
    const { host } = stream.call;
    const count = expectationsOf(component).size;
    const rank = rankOf(component);
    const waits = state.kind === "waiting" || (state.kind === "armed" && state.lacks !== undefined);
    const moves = rank !== before;
    this.#used += count - held;
    if (this.#used > this.#most) this.#most = this.#used;
    if (held > 0 && (count === 0 || moves)) this.#victims[before]?.delete(host, component);
    if (count > 0 && (held === 0 || moves)) this.#victims[rank]?.add(host, component);
    if (component.waits && (!waits || moves)) this.#waiting[before]?.delete(component);
    if (waits && (!component.waits || moves)) this.#waiting[rank]?.add(component);
    component.held = count;
    component.rank = rank;
    component.waits = waits;
  }

  /**
   * Who gives way to a component of `rank`: nobody more urgent than that. Media that has flowed before waits for its
   * like, though: when many flows end at once (conntrack -F), each is back as soon as it has a slot for a moment.
   *
   * @returns undefined when nobody does
   */
  victim(rank: Rank, forWhom: Component): Component | undefined {
    const last = RANKS[rank]?.startsWith("idle") ? rank - 1 : rank;
    for (let index = 0; index <= last; index++) {
      const found = this.#victims[index]?.oldestOfLargest(forWhom);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The most urgent of those that wait, the one that has waited longest; undefined when none does. */
  firstWaiting(): Component | undefined {
    for (let index = RANKS.length - 1; index >= 0; index--) {
      const component = this.#waiting[index]?.oldest;
      if (component !== undefined) return component;
    }
    return undefined;
  }
}
