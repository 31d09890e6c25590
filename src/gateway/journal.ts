import { bindingKey, type Change, callKey } from "../store/store.ts";
import type { WriteBehind } from "../store/write-behind.ts";
import type { Binding } from "../table/binding.ts";
import type { Call } from "../table/call.ts";
import type { Journal } from "../table/observer.ts";
import { bindingRecord, callRecord } from "../table/to-record.ts";

/**
 * Writes behind what changes. Of a call that has ended nothing is kept: its ports are given out anew after a restart.
 *
 * @param epoch milliseconds since the epoch at which the gateway's clock was 0
 */
export function journalTo(store: Pick<WriteBehind, "note" | "forget">, epoch: number): Journal {
  /** Those the store may have: of a call that was over before it was written, it need not hear. */
  const written = new WeakSet<Call>();
  const keyOfCall = ({ binding, callId }: Call): string => callKey(binding.transport, binding.inside, callId);
  const keyOf = ({ transport, inside }: Binding): string => bindingKey(transport, inside);
  /** What is gone is noted by its key, so that a store which cannot be written keeps nothing else of it in memory. */
  const remove = (what: Binding | Call, key: string): void => {
    store.forget(what);
    store.note(key, () => ({ key, record: undefined }));
  };
  const kept = (call: Call): Change => {
    written.add(call);
    return { key: keyOfCall(call), record: callRecord(call, epoch) };
  };
  return {
    bindingChanged: (binding) =>
      store.note(binding, () => ({ key: keyOf(binding), record: bindingRecord(binding, epoch) })),
    bindingClosed: (binding) => remove(binding, keyOf(binding)),
    callChanged(call) {
      if (call.phase !== "ended") store.note(call, () => kept(call));
      else if (written.has(call)) remove(call, keyOfCall(call));
      else store.forget(call);
    },
    callClosed(call) {
      if (written.has(call)) remove(call, keyOfCall(call));
      else store.forget(call);
    },
  };
}
