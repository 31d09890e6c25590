import type { Endpoint, Transport } from "../../packet/endpoint.ts";
import type { Binding } from "../../table/binding.ts";
import type { BindingEnding } from "../../table/bindings.ts";
import { type ExternalAddress, outsideOf } from "../external-address.ts";
import type { EndRow, TimeOf } from "./ending.ts";

/** A binding as `GET /bindings` shows it; times are ISO 8601. */
export interface BindingRow {
  readonly transport: Transport;
  readonly inside: Endpoint;
  readonly external: Endpoint;
  /** Why it exists: what keeps it longest. */
  readonly why: "registered" | "has-calls" | "spoke-lately" | "about-to-end";
  /** Null while only its calls keep it. */
  readonly ends: EndRow | null;
  /** The registrations that last, as they were granted. */
  readonly registrations: readonly {
    readonly registrar: string;
    /** Address-of-record. */
    readonly address: string;
    readonly until: string;
  }[];
  readonly calls: number;
  readonly spokeAt: string;
  /** Whom it has flows with; `pinned` says whether the kernel is known to have the conntrack. */
  readonly flows: readonly {
    readonly remote: Endpoint;
    readonly pinhole: boolean;
    readonly pinned: boolean;
  }[];
}

/**
 * The row of a binding.
 *
 * @param external the gateway's external address
 * @param now milliseconds of the table's clock
 */
export function bindingRow(
  binding: Binding,
  ending: BindingEnding,
  external: ExternalAddress,
  now: number,
  time: TimeOf,
): BindingRow {
  const { transport, host, inside, port, calls, spokeAt } = binding;
  const lasts = ending.at > now;
  return {
    transport,
    inside,
    external: outsideOf(host, inside, port, external),
    why: whyOf(binding, ending, now),
    ends: calls > 0 && !lasts ? null : { at: time(ending.at), why: ending.why },
    registrations: registrationsOf(binding, now, time),
    calls,
    spokeAt: time(spokeAt),
    flows: Array.from(binding.flows.values(), ({ ends, pinhole, verifiedAt }) => ({
      remote: ends.remote,
      pinhole,
      pinned: verifiedAt !== undefined,
    })),
  };
}

function whyOf({ calls, registeredUntil }: Binding, { at }: BindingEnding, now: number): BindingRow["why"] {
  if (registeredUntil > now) return "registered";
  if (calls > 0) return "has-calls";
  return at > now ? "spoke-lately" : "about-to-end";
}

function registrationsOf({ registrations }: Binding, now: number, time: TimeOf): BindingRow["registrations"] {
  const lasting = [];
  for (const name of registrations.keys()) {
    const until = registrations.get(name) ?? 0;
    if (until <= now) continue;
    // Named as registration.ts names them: a host has no blank in it.
    const blank = name.indexOf(" ");
    lasting.push({ registrar: name.slice(0, blank), address: name.slice(blank + 1), until: time(until) });
  }
  return lasting;
}
