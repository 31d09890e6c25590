import type { BoundedMap } from "./bounded-map.ts";
import { type Component, type ComponentState, flowOf, type MediaFlow, type WaitReason } from "./streams.ts";
import type { Wanted } from "./wanted.ts";

/** Armed with these expectations. */
export function armed(
  since: number,
  expectations: BoundedMap<string, Wanted>,
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
  const flow = flowOf(component);
  if (flow !== undefined) return { kind: "flowing", flow };
  if (component.state.kind === "idle") return component.state;
  return component.hasFlowed ? { kind: "idle", since: now } : { kind: "planned" };
}

/** True while it waits for what the kernel has refused, and not for a slot of ours. */
export function waitsForKernel({ state }: Component): boolean {
  const reason = state.kind === "waiting" ? state.reason : state.kind === "armed" ? state.lacks : undefined;
  return reason === "kernel-full" || reason === "kernel-busy";
}
