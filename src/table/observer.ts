import type { Binding } from "./binding.ts";
import type { Call } from "./call.ts";
import type { EndReason } from "./call-ending.ts";
import type { Component } from "./streams.ts";

/** What the table tells as it happens: to count it, to log it, and to write it behind. */
export interface TableObserver {
  /** Something of a binding or call that outlives the process has changed. */
  bindingChanged(binding: Binding): void;
  bindingClosed(binding: Binding): void;
  callChanged(call: Call): void;
  callClosed(call: Call): void;
  callEnded(call: Call, why: EndReason): void;
  /** A packet has used an expectation of the component. */
  consumed(component: Component): void;
  /** A component's expectations made room for more urgent ones. */
  evicted(component: Component): void;
  /** Media came from somebody the SDP does not name. */
  strayed(component: Component, remote: string): void;
}
