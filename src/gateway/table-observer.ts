import type { Counters } from "../observe/counters.ts";
import type { LogBudget, Logger } from "../observe/log.ts";
import type { Journal, TableObserver } from "../table/observer.ts";
import type { Component } from "../table/streams.ts";

/**
 * Counts what the table tells of, says it in the log, and has it written behind.
 *
 * @param now of the packet at hand, in milliseconds
 */
export function observeTable(
  counters: Counters,
  log: Logger,
  budget: LogBudget,
  now: () => number,
  journal: Journal,
): TableObserver {
  const nameOf = ({ kind, port, stream }: Component): object => ({
    callId: stream.call.callId,
    component: kind,
    port,
  });
  return {
    ...journal,
    callEnded(call, why) {
      counters.end(why);
      const { callId, unansweredFrom: remote } = call;
      log.debug({ callId, inside: call.binding.inside, why }, "call ended");
      if (why === "too-many-unanswered")
        budget.warn(
          now(),
          { callId, remote },
          "too many calls of a host are unanswered, the oldest is dropped",
        );
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
