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
  const keyOfCall = ({ binding, callId }: Call): string => callKey(binding.transport, binding.inside, callId);
  const keyOf = ({ transport, inside }: Binding): string => bindingKey(transport, inside);
  const readBinding = (binding: Binding): Change => ({
    key: keyOf(binding),
    record: bindingRecord(binding, epoch),
  });
  const readCall = (call: Call): Change => {
    call.mayBeStored = true;
    return { key: keyOfCall(call), record: callRecord(call, epoch) };
  };
  const readNothing = (key: string): Change => ({ key, record: undefined });
  /** What is gone is noted by its key, so that a store which cannot be written keeps nothing else of it in memory. */
  const remove = (what: Binding | Call, key: string): void => {
    store.forget(what);
    store.note(key, readNothing);
  };
  /** Of a call that was over before it was written, the store need not hear. */
  const removeCall = (call: Call): void => {
    if (call.mayBeStored) remove(call, keyOfCall(call));
    else store.forget(call);
  };
  return {
    bindingChanged: (binding) => store.note(binding, readBinding),
    bindingClosed: (binding) => remove(binding, keyOf(binding)),
    callChanged(call) {
      if (call.phase !== "ended") store.note(call, readCall);
      else removeCall(call);
    },
    callClosed: removeCall,
  };
}
