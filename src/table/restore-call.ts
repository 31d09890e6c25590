import type { Binding } from "./binding.ts";
import type { Call } from "./call.ts";
import type { Calls } from "./calls.ts";
import type { CallRecord } from "./record.ts";

/**
 * Puts back a call that an earlier run had; what the kernel holds of it is for the caller to find out, and
 * `Calls.settle` then to complete.
 *
 * @param elapsed milliseconds to add to a record's times to have them on our clock
 * @returns undefined when it is there already, or there is no room for it
 */
export function restoreCall(
  { life, streams }: Pick<Calls, "life" | "streams">,
  binding: Binding,
  record: CallRecord,
  elapsed: number,
  now: number,
): Call | undefined {
  const call = life.readmit(binding, record.callId, now);
  if (call === undefined) return undefined;
  call.phase = record.phase;
  const restored = record.streams.map(({ id, peer, target, base, mux }) => {
    const stream = streams.restore(call, target, peer, base, id);
    if (stream !== undefined) stream.mux = mux;
    return stream;
  });
  for (const [tag, indexes] of record.lines) {
    const lines = indexes.map((index) => (index === null ? undefined : restored[index]));
    call.insideSaid(tag, lines);
  }
  for (const [tag, targets] of record.remotes) {
    const known = targets.map((one) => one ?? undefined);
    call.remoteSaid(tag, known);
  }
  for (const dialog of record.dialogs) call.confirmed(dialog);
  call.sessionExpires = record.sessionExpires ?? undefined;
  call.refreshedAt = record.refreshedAt + elapsed;
  life.resume(call, now);
  return call;
}
