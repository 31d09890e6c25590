import { MASTER_HELPER, MASTER_PORT } from "../kernel/arm.ts";
import type { Conntrack } from "../kernel/conntrack.ts";
import type { ConntrackEntry } from "../kernel/conntrack-message.ts";
import type { ExpectationEntry } from "../kernel/expectation-message.ts";
import type { FlowTuple } from "../kernel/tuple.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { Calls } from "../table/calls.ts";
import { expectationsOf, flowOf } from "../table/component-state.ts";
import type { Component, Stream } from "../table/streams.ts";
import type { AdoptedFlows } from "./adopted-flows.ts";
import { componentOf, keyOf, wantedOf } from "./expectation-owner.ts";
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
  const masters = takeInMasters(masterEntries(conntrack), calls);
  for (const master of masters.orphans) conntrack.remove(master);
  for (const call of calls.values()) if (call.phase !== "ended") calls.expectations.plan(call);
  const { present, orphans } = ownersOf([...conntrack.dumpExpectations()], calls);
  for (const orphan of orphans) conntrack.disarm({ expectations: [orphan] });
  takeInExpectations(present, calls, now);
  const found = { masters: masters.orphans.length, expectations: orphans.length, flows: 0 };
  for (const stream of [...calls.streams.values()]) {
    if (stream.call.phase === "ended") continue;
    for (const component of stream.components) reconcileFlow(calls, component, stray, flows, found, now);
    if (stream.master === "present" && !masters.known.has(stream)) calls.expectations.masterGone(stream, now);
  }
  for (const call of calls.values()) calls.settle(call, now);
  return found;
}

/** The kernel's conntracks that may be masters, read to their end: entries deleted under a dump interrupt it. */
function masterEntries(conntrack: Conntrack): readonly ConntrackEntry[] {
  const destination = { protocol: "udp", port: MASTER_PORT } as const;
  return (["ipv4", "ipv6"] as const).flatMap((family) => [
    ...conntrack.dumpConntrack({ family, destination }),
  ]);
}

/**
 * Takes the masters that the kernel has into the table; entries of others are passed over.
 *
 * @returns the streams that have theirs, and the tuples of those that no call owns
 */
export function takeInMasters(
  entries: Iterable<Pick<ConntrackEntry, "original" | "helper">>,
  calls: Calls,
): { readonly known: ReadonlySet<Stream>; readonly orphans: readonly FlowTuple[] } {
  const known = new Set<Stream>();
  const orphans: FlowTuple[] = [];
  for (const { original, helper } of entries) {
    if (helper !== MASTER_HELPER || original.destination.port !== MASTER_PORT) continue;
    const stream = calls.streams.byMaster(original.destination.host, original.source.port);
    if (stream !== undefined && stream.call.phase !== "ended") {
      stream.master = "present";
      known.add(stream);
    } else orphans.push(original);
  }
  return { known, orphans };
}

/** Expectations that the kernel has, by component and `wantedKey`. */
type Present = ReadonlyMap<Component, ReadonlyMap<string, ExpectationEntry>>;

/** Tells whose the kernel's expectations are, and which of them no call owns; entries of others are passed over. */
export function ownersOf(
  entries: Iterable<ExpectationEntry>,
  calls: Calls,
): { readonly present: Present; readonly orphans: readonly ExpectationEntry[] } {
  const orphans: ExpectationEntry[] = [];
  const present = new Map<Component, Map<string, ExpectationEntry>>();
  for (const entry of entries) {
    const { master } = entry;
    if (master.destination.port !== MASTER_PORT) continue;
    const stream = calls.streams.byMaster(master.destination.host, master.source.port);
    const component = stream && componentOf(stream, entry);
    if (component === undefined || stream?.call.phase === "ended") {
      orphans.push(entry);
      continue;
    }
    const known = present.get(component) ?? new Map<string, ExpectationEntry>();
    present.set(component, known.set(keyOf(entry), entry));
  }
  return { present, orphans };
}

/** Takes expectations that the kernel has into the table, and those out of it that it has no more. */
export function takeInExpectations(present: Present, calls: Calls, now: number): void {
  for (const { components } of calls.streams.values()) {
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
