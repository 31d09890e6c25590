import type { Binding } from "./binding.ts";
import type { Call } from "./call.ts";
import type { EndReason } from "./call-ending.ts";
import type { Component } from "./streams.ts";

/** Told of what outlives the process as it changes. */
export interface Journal {
  bindingChanged(binding: Binding): void;
  bindingClosed(binding: Binding): void;
  callChanged(call: Call): void;
  callClosed(call: Call): void;
}

/** What the table tells as it happens: to count it, to log it, and to write it behind. */
export interface TableObserver extends Journal {
  callEnded(call: Call, why: EndReason): void;
  /** A packet has used an expectation of the component. */
  consumed(component: Component): void;
  /** A component's expectations made room for more urgent ones. */
  evicted(component: Component): void;
  /** Media came from somebody the SDP does not name. */
  strayed(component: Component, remote: string): void;
}

const ignore = (): void => undefined;

/** For a table that nobody watches, or that is not kept. */
export const unobserved: TableObserver = {
  bindingChanged: ignore,
  bindingClosed: ignore,
  callChanged: ignore,
  callClosed: ignore,
  callEnded: ignore,
  consumed: ignore,
  evicted: ignore,
  strayed: ignore,
};
