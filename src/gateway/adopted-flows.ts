import type { Endpoint } from "../packet/endpoint.ts";
import type { Calls } from "../table/calls.ts";
import { flowOf } from "../table/component-state.ts";
import type { Component } from "../table/streams.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** Components looked at in one go. */
const AT_ONCE = 64;

/**
 * AdoptedFlows follows media whose conntrack was made while nobody listened: the kernel tells of no entry's end that
 * had no listener when it began (nf_conntrack_events 2), so these are asked for in turn.
 */
export class AdoptedFlows {
  readonly #calls: Calls;
  readonly #stray: StrayEntries;
  readonly #components = new Set<Component>();

  constructor(calls: Calls, stray: StrayEntries) {
    this.#calls = calls;
    this.#stray = stray;
  }

  /** Takes in that a component's media has its conntrack; `now` in milliseconds. */
  adopt(component: Component, remote: Endpoint, now: number): void {
    this.#calls.expectations.flowBegan(component, remote, now, false);
    this.#components.add(component);
  }

  /** Looks at the next few of them. */
  check(now: number): void {
    let count = 0;
    for (const component of this.#components) {
      if (count++ >= AT_ONCE) return;
      this.#components.delete(component);
      const flow = flowOf(component);
      if (flow === undefined || flow.noticed) continue;
      if (this.#stray.find(component, [flow.remote]) === undefined) {
        this.#calls.expectations.flowEnded(component, flow.remote, now);
      } else this.#components.add(component);
    }
  }
}
