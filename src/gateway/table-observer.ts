import type { Counters } from "../observe/counters.ts";
import type { Logger } from "../observe/log.ts";
import type { Journal, TableObserver } from "../table/observer.ts";
import type { Component } from "../table/streams.ts";

/** Counts what the table tells of, says it in the log, and has it written behind. */
export function observeTable(counters: Counters, log: Logger, journal: Journal): TableObserver {
  const nameOf = ({ kind, port, stream }: Component): object => ({
    callId: stream.call.callId,
    component: kind,
    port,
  });
  return {
    ...journal,
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
