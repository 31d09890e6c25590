import type { Component, Stream } from "./streams.ts";
import type { Wanted } from "./wanted.ts";

/**
 * Why expectations did not get into the kernel, as far as the table acts on it.
 *
 * full: its table is full. taken: another call's expectation already stands for the same packets. master-gone:
 * their master is no more. id-taken: something else has the master's tuple. busy: the kernel could not take the
 * request now. refused: it will not take it, whenever it is asked.
 */
export type ArmFailure = "full" | "taken" | "master-gone" | "id-taken" | "busy" | "refused";

/** Told of what of `wanted` did not get in. */
export type ArmFailed = (failure: ArmFailure, refused: readonly Wanted[]) => void;

/** What the table has the kernel do; the gateway carries it out, in the order it is asked. */
export interface Arming {
  /**
   * Puts expectations of one component into the kernel, with the stream's master if that is absent, before the
   * packet that asked for them gets its verdict. `failed` is called at most once.
   */
  arm(component: Component, wanted: readonly Wanted[], failed: ArmFailed): void;
  /** Gives expectations of one component their full time again. */
  renew(component: Component, wanted: readonly Wanted[]): void;
  /** Takes expectations of one component out of the kernel. */
  disarm(component: Component, wanted: readonly Wanted[]): void;
  /** Takes the stream's master, and with it all its expectations, out of the kernel. */
  release(stream: Stream): void;
}
