import type { Logger } from "../observe/log.ts";
import { addressOf, keyOfEndpoint } from "../packet/address.ts";
import { openLmdbStore } from "../store/lmdb-store.ts";
import type { Store } from "../store/store.ts";
import { StoreError } from "../store/store-error.ts";
import { WriteBehind, type WriteBehindStatistics } from "../store/write-behind.ts";
import type { Binding } from "../table/binding.ts";
import type { Bindings } from "../table/bindings.ts";
import type { Journal } from "../table/observer.ts";
import type { BindingRecord, CallRecord } from "../table/record.ts";
import { restoreCall } from "../table/restore-call.ts";
import { journalTo } from "./journal.ts";
import type { Tables } from "./tables.ts";

/** What was put back into the table at start. */
interface Restored {
  bindings: number;
  calls: number;
  /** Records of what has ended meanwhile, or whose ports somebody else has now. */
  left: number;
}

/** Persistence keeps the table in the store of a folder. */
export interface Persistence {
  readonly journal: Journal;
  /** What has been written, and what waits. */
  statistics(): WriteBehindStatistics;
  /** Puts back what an earlier run kept; to be called once, before anything else changes the table. */
  restore(tables: Tables, now: number): Promise<void>;
  /** Writes what is not written yet. */
  close(): Promise<void>;
}

/**
 * Opens the store of a folder.
 *
 * @param epoch milliseconds since the epoch at which the gateway's clock was 0
 * @returns undefined when the folder cannot be used, which the log says: calls go through all the same
 * @throws StoreError EBUSY when another daemon has it
 */
export function openPersistence(folder: string, epoch: number, log: Logger): Persistence | undefined {
  const withoutStore = (error: unknown): void => {
    if (!(error instanceof StoreError) || error.code === "EBUSY") throw error;
    log.error({ err: error }, "the table is not kept: a restart will forget bindings and calls");
  };
  try {
    const store = openLmdbStore(folder, log);
    const writing = new WriteBehind(store, log);
    const journal = journalTo(writing, epoch);
    return {
      journal,
      statistics: () => writing.statistics,
      async restore(tables, now) {
        try {
          await restoreTable(store, tables, journal, epoch, now, log);
          writing.settle();
        } catch (error) {
          withoutStore(error);
        }
      },
      close: () => writing.close(),
    };
  } catch (error) {
    withoutStore(error);
    return undefined;
  }
}

/**
 * Puts back what an earlier run had. The kernel is not asked yet: `reconcile` then finds out what it holds of it.
 *
 * @param now milliseconds of the gateway's clock
 * @throws StoreError when the store cannot be read; the table then holds what came before that
 */
async function restoreTable(
  store: Store,
  { bindings, calls }: Tables,
  journal: Journal,
  epoch: number,
  now: number,
  log: Logger,
): Promise<void> {
  const restored: Restored = { bindings: 0, calls: 0, left: 0 };
  const ofCalls: CallRecord[] = [];
  for await (const record of store.load()) {
    if (record.kind === "call") ofCalls.push(record);
    else if (restoreBinding(bindings[record.transport], record, journal, epoch, now)) restored.bindings++;
    else restored.left++;
  }
  // A call needs its binding, whichever of the two came first.
  for (const record of ofCalls) {
    const binding = bindingOf(bindings[record.transport], record);
    const call = binding && restoreCall(calls, binding, record, -epoch, now);
    if (call === undefined) restored.left++;
    else {
      journal.callChanged(call);
      restored.calls++;
    }
  }
  if (restored.bindings + restored.left > 0) log.info(restored, "the table of an earlier run was put back");
}

function restoreBinding(
  bindings: Bindings,
  record: BindingRecord,
  journal: Journal,
  epoch: number,
  now: number,
): boolean {
  const registrations = record.registrations.map(([name, until]) => [name, until - epoch] as const);
  const { inside, port, portless, isOfConnection, remotes } = record;
  const binding = bindings.restore(keyOfEndpoint(record.inside), inside, port, registrations, now);
  if (binding === undefined) return false;
  // It has its time to speak all the same: its connection may have outlived us.
  binding.isOfConnection = isOfConnection;
  for (const place of portless) binding.portless.add(place);
  for (const remote of remotes) binding.host.spokeTo(addressOf(remote));
  journal.bindingChanged(binding);
  return true;
}

function bindingOf(bindings: Bindings, record: CallRecord): Binding | undefined {
  return bindings.byInside(keyOfEndpoint(record.inside));
}
