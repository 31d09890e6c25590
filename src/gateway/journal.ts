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
export function journalTo(store: Pick<WriteBehind, "note">, epoch: number): Journal {
  /** Those the store may have: of a call that was over before it was written, it need not hear. */
  const written = new WeakSet<Call>();
  const keyOfCall = ({ binding, callId }: Call): string => callKey(binding.transport, binding.inside, callId);
  const removed = (call: Call): Change | undefined =>
    written.has(call) ? { key: keyOfCall(call), record: undefined } : undefined;
  const kept = (call: Call): Change => {
    written.add(call);
    return { key: keyOfCall(call), record: callRecord(call, epoch) };
  };
  const keyOf = ({ transport, inside }: Binding): string => bindingKey(transport, inside);
  return {
    bindingChanged: (binding) =>
      store.note(binding, () => ({ key: keyOf(binding), record: bindingRecord(binding, epoch) })),
    bindingClosed: (binding) => store.note(binding, () => ({ key: keyOf(binding), record: undefined })),
    callChanged: (call) => store.note(call, () => (call.phase === "ended" ? removed(call) : kept(call))),
    callClosed: (call) => store.note(call, () => removed(call)),
  };
}
