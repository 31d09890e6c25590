import type { ExpectationSet } from "./expectation-set.ts";
import {
  type Component,
  type ComponentState,
  flowOf,
  type MediaFlow,
  PLANNED,
  type WaitReason,
} from "./streams.ts";

/** Armed with these expectations. */
export function armed(
  since: number,
  expectations: ExpectationSet,
  flow: MediaFlow | undefined,
  lacks: WaitReason | undefined,
): ComponentState {
  return { kind: "armed", since, expectations, flow, lacks };
}

/** What a state becomes when media flows. */
export function withFlow(state: ComponentState, flow: MediaFlow): ComponentState {
  return state.kind === "armed"
    ? armed(state.since, state.expectations, flow, state.lacks)
    : { kind: "flowing", flow };
}

/** What a state becomes when its flow, if any, is gone; `now` in milliseconds. */
export function withoutFlow(state: ComponentState, now: number): ComponentState {
  return state.kind === "armed"
    ? armed(state.since, state.expectations, undefined, state.lacks)
    : { kind: "idle", since: now };
}

/** The state of a component of which nothing is wanted in the kernel. */
export function atRest(component: Component, now: number): ComponentState {
  const { state } = component;
  if (state.kind === "flowing" || state.kind === "idle") return state;
  const flow = flowOf(component);
  if (flow !== undefined) return { kind: "flowing", flow };
  return component.hasFlowed ? { kind: "idle", since: now } : PLANNED;
}

/** True while it waits for what the kernel has refused, and not for a slot of ours. */
export function waitsForKernel({ state }: Component): boolean {
  const reason = state.kind === "waiting" ? state.reason : state.kind === "armed" ? state.lacks : undefined;
  return reason === "kernel-full" || reason === "kernel-busy";
}
