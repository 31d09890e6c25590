import type { Endpoint } from "../packet/endpoint.ts";
import { ExpectationSet } from "./expectation-set.ts";

/** The conntrack that carries a component's media, by its far end. */
export interface MediaFlow {
  readonly remote: Endpoint;
  /** Milliseconds. */
  readonly since: number;
  /** False for a flow that began while no daemon listened: the kernel does not tell of its end. */
  readonly noticed: boolean;
}

/** Why a component that wants slots has none. */
export type WaitReason = "slots-full" | "evicted" | "kernel-full" | "kernel-busy";

/**
 * What the kernel holds for a component.
 *
 * planned: ports are given, nothing is wanted of the kernel. waiting: expectations are wanted and there was no slot
 * for them. armed: they are in the kernel; with a `flow`, for what that does not serve (other forks, a remote that
 * sends from another port); `lacks` says why some of them are not. flowing: its media has its conntrack and needs no
 * slot. idle: that conntrack is gone, and nothing is wanted now. closed: it holds nothing any more.
 *
 *     planned -> armed <-> waiting      armed -> flowing -> armed | idle      any -> planned | closed
 */
export type ComponentState =
  | { readonly kind: "planned" }
  | { readonly kind: "waiting"; readonly since: number; readonly reason: WaitReason }
  | {
      readonly kind: "armed";
      readonly since: number;
      readonly expectations: ExpectationSet;
      readonly flow: MediaFlow | undefined;
      readonly lacks: WaitReason | undefined;
    }
  | { readonly kind: "flowing"; readonly flow: MediaFlow }
  | { readonly kind: "idle"; readonly since: number }
  | { readonly kind: "closed" };

/** The states that say nothing more: one object each, for all components. */
export const PLANNED: ComponentState = { kind: "planned" };
/** Of a component whose stream has ended. */
export const CLOSED: ComponentState = { kind: "closed" };

/** Whoever has such a state, as a component does. */
interface HasState {
  readonly state: ComponentState;
}

/** The flow of a component, in whichever state. */
export function flowOf({ state }: HasState): MediaFlow | undefined {
  return state.kind === "armed" || state.kind === "flowing" ? state.flow : undefined;
}

/** Expectations that are in the kernel, to be read only. */
type ExpectationsHeld = Omit<ExpectationSet, "add" | "addAll" | "remove" | "delete" | "clear">;

const NONE: ExpectationsHeld = new ExpectationSet();

/** The expectations of a component that are in the kernel. */
export function expectationsOf({ state }: HasState): ExpectationsHeld {
  return state.kind === "armed" ? state.expectations : NONE;
}

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
export function atRest(component: HasState & { readonly hasFlowed: boolean }, now: number): ComponentState {
  const { state } = component;
  if (state.kind === "flowing" || state.kind === "idle") return state;
  const flow = flowOf(component);
  if (flow !== undefined) return { kind: "flowing", flow };
  return component.hasFlowed ? { kind: "idle", since: now } : PLANNED;
}

/** True while it waits for what the kernel has refused, and not for a slot of ours. */
export function waitsForKernel({ state }: HasState): boolean {
  const reason = state.kind === "waiting" ? state.reason : state.kind === "armed" ? state.lacks : undefined;
  return reason === "kernel-full" || reason === "kernel-busy";
}
