import type { Conntrack } from "../kernel/conntrack.ts";
import type { ExpectationEntry } from "../kernel/expectation-message.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { Calls } from "../table/calls.ts";
import { type Component, expectationsOf, flowOf, type Stream } from "../table/streams.ts";
import type { AdoptedFlows } from "./adopted-flows.ts";
import { componentOf, keyOf, MASTER_HELPER, MASTER_PORT, wantedOf } from "./arming.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** What was found different between the table and the kernel. */
export interface Reconciled {
  /** Masters and expectations of ours that no call owns, taken out. */
  masters: number;
  expectations: number;
  /** Flows that carry media of a call and were not known. */
  flows: number;
}

/**
 * Brings the table and the kernel together again, after a restart or when events were lost: what the kernel holds is
 * taken in, what it lost is made anew, and what is ours and nobody owns is taken out. Entries of others stay.
 *
 * @param now milliseconds
 */
export function reconcile(
  conntrack: Conntrack,
  calls: Calls,
  stray: StrayEntries,
  flows: AdoptedFlows,
  now: number,
): Reconciled {
  const found: Reconciled = { masters: 0, expectations: 0, flows: 0 };
  const masters = reconcileMasters(conntrack, calls, found);
  for (const call of calls.values()) if (call.phase !== "ended") calls.expectations.plan(call);
  reconcileExpectations(conntrack, calls, found, now);
  for (const stream of [...calls.allStreams()]) {
    if (stream.call.phase === "ended") continue;
    for (const component of stream.components) reconcileFlow(calls, component, stray, flows, found, now);
    if (stream.master === "present" && !masters.has(stream)) calls.expectations.masterGone(stream, now);
  }
  for (const call of calls.values()) calls.settle(call, now);
  return found;
}

function reconcileMasters(conntrack: Conntrack, calls: Calls, found: Reconciled): ReadonlySet<Stream> {
  const known = new Set<Stream>();
  const destination = { protocol: "udp", port: MASTER_PORT } as const;
  // The dumps are read to their end first: entries that are deleted under one would interrupt it.
  const entries = (["ipv4", "ipv6"] as const).flatMap((family) => [
    ...conntrack.dumpConntrack({ family, destination }),
  ]);
  for (const entry of entries) {
    const { original, helper } = entry;
    if (helper !== MASTER_HELPER || original.destination.port !== MASTER_PORT) continue;
    const stream = calls.byMaster(original.destination.host, original.source.port);
    if (stream !== undefined && stream.call.phase !== "ended") {
      stream.master = "present";
      known.add(stream);
    } else {
      conntrack.remove(original);
      found.masters++;
    }
  }
  return known;
}

function reconcileExpectations(conntrack: Conntrack, calls: Calls, found: Reconciled, now: number): void {
  const present = new Map<Component, Map<string, ExpectationEntry>>();
  for (const entry of [...conntrack.dumpExpectations()]) {
    const { master } = entry;
    if (master.destination.port !== MASTER_PORT) continue;
    const stream = calls.byMaster(master.destination.host, master.source.port);
    const component = stream && componentOf(stream, entry);
    if (component === undefined || stream?.call.phase === "ended") {
      conntrack.disarm({ expectations: [entry] });
      found.expectations++;
      continue;
    }
    const entries = present.get(component) ?? new Map<string, ExpectationEntry>();
    present.set(component, entries.set(keyOf(entry), entry));
  }
  for (const { components } of calls.allStreams()) {
    for (const component of components) {
      const entries = present.get(component);
      for (const key of [...expectationsOf(component).keys()]) {
        if (entries?.has(key) !== true) calls.expectations.gone(component, key, now);
      }
      for (const [key, entry] of entries ?? []) {
        if (!expectationsOf(component).has(key)) calls.expectations.adopt(component, wantedOf(entry), now);
      }
    }
  }
}

function reconcileFlow(
  calls: Calls,
  component: Component,
  stray: StrayEntries,
  flows: AdoptedFlows,
  found: Reconciled,
  now: number,
): void {
  const flow = flowOf(component);
  if (flow !== undefined && stray.find(component, [flow.remote]) === undefined) {
    calls.expectations.flowEnded(component, flow.remote, now);
  }
  if (flowOf(component) !== undefined) return;
  const remotes = component.wanted.flatMap((one): Endpoint[] =>
    one.direction === "outbound" ? [one.remote] : [],
  );
  const remote = stray.find(component, remotes);
  if (remote === undefined) return;
  flows.adopt(component, remote, now);
  found.flows++;
}
