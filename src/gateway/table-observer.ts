import type { Counters } from "../observe/counters.ts";
import type { Logger } from "../observe/log.ts";
import type { Binding } from "../table/binding.ts";
import type { Call } from "../table/call.ts";
import type { TableObserver } from "../table/observer.ts";
import type { Component } from "../table/streams.ts";

/** Where what outlives the process is noted to be written. */
export interface Journal {
  bindingChanged(binding: Binding): void;
  bindingClosed(binding: Binding): void;
  callChanged(call: Call): void;
  callClosed(call: Call): void;
}

/** Where there is no store, nothing is kept. */
export const unkept: Journal = {
  bindingChanged: () => undefined,
  bindingClosed: () => undefined,
  callChanged: () => undefined,
  callClosed: () => undefined,
};

/** Counts what the table tells of, says it in the log, and has it written behind. */
export function observeTable(counters: Counters, log: Logger, journal: Journal): TableObserver {
  const nameOf = ({ kind, port, stream }: Component): object => ({
    callId: stream.call.callId,
    component: kind,
    port,
  });
  return {
    bindingChanged: (binding) => journal.bindingChanged(binding),
    bindingClosed: (binding) => journal.bindingClosed(binding),
    callChanged: (call) => journal.callChanged(call),
    callClosed: (call) => journal.callClosed(call),
    callEnded(call, why) {
      counters.end(why);
      log.debug({ callId: call.callId, inside: call.binding.inside, why }, "call ended");
    },
    consumed() {
      counters.consumed++;
    },
    evicted(component) {
      counters.evicted++;
      log.debug({ ...nameOf(component), why: "more urgent media needs its slots" }, "expectations evicted");
    },
    strayed(component, remote) {
      counters.strays++;
      log.debug({ ...nameOf(component), remote }, "media from a host that no SDP names");
    },
  };
}
