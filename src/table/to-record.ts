import { hostOf } from "../packet/address.ts";
import type { Binding } from "./binding.ts";
import type { Call } from "./call.ts";
import type { BindingRecord, CallRecord } from "./record.ts";

/**
 * The record of a binding as it is now.
 *
 * @param epoch milliseconds since the epoch at which the gateway's clock was 0
 */
export function bindingRecord(binding: Binding, epoch: number): BindingRecord {
  const { transport, inside, port, registrations, spokeAt, portless, isOfConnection, host } = binding;
  return {
    kind: "binding",
    transport,
    inside,
    port,
    registrations: [...registrations.keys()].map((name) => [name, (registrations.get(name) ?? 0) + epoch]),
    spokeAt: spokeAt + epoch,
    portless: [...portless],
    isOfConnection,
    remotes: [...host.remotes()].map(hostOf),
  };
}

/**
 * The record of a call as it is now.
 *
 * @param epoch milliseconds since the epoch at which the gateway's clock was 0
 */
export function callRecord(call: Call, epoch: number): CallRecord {
  const streams = [...call.streams.values()];
  return {
    kind: "call",
    transport: call.binding.transport,
    inside: call.binding.inside,
    callId: call.callId,
    phase: call.phase,
    refreshedAt: call.refreshedAt + epoch,
    sessionExpires: call.sessionExpires ?? null,
    dialogs: [...call.dialogs.keys()],
    streams: streams.map(({ id, peer, target, media, base, mux }) => ({
      id,
      peer,
      target: { ...target, media },
      base,
      mux,
    })),
    lines: [...call.lines].map(([tag, lines]) => [
      tag,
      byPosition(lines, (stream) => streams.indexOf(stream)),
    ]),
    remotes: [...call.remotes].map(([tag, targets]) => [tag, byPosition(targets, (target) => target)]),
  };
}

/** Positions that have nothing, holes of the array too, become null, as JSON has it. */
function byPosition<From, To>(list: readonly (From | undefined)[], record: (one: From) => To): (To | null)[] {
  return Array.from(list, (one) => (one === undefined ? null : record(one)));
}
