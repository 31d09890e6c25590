import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { Place } from "../sip/place.ts";
import type { MediaTarget } from "./target.ts";

/**
 * What is kept of the table beyond the process. Records are plain data; all times are milliseconds since the
 * epoch, as a monotonic clock does not outlive a restart of the machine.
 */
export type TableRecord = BindingRecord | CallRecord;

/** One inside SIP endpoint and its external port. */
export interface BindingRecord {
  readonly kind: "binding";
  readonly transport: Transport;
  readonly inside: Endpoint;
  readonly port: number;
  /** Until when each of its registrations lasts, by its name. */
  readonly registrations: readonly (readonly [name: string, until: number])[];
  readonly spokeAt: number;
  readonly portless: readonly Place[];
  /** True for the binding of one TCP connection. */
  readonly isOfConnection: boolean;
  /** Remote hosts its inside host has sent SIP to, the latest last. */
  readonly remotes: readonly string[];
}

/** One call of a binding, with the SDP that both sides have said and the ports of its streams. */
export interface CallRecord {
  readonly kind: "call";
  /** Transport and inside endpoint of its binding. */
  readonly transport: Transport;
  readonly inside: Endpoint;
  readonly callId: string;
  readonly phase: "early" | "answered" | "ended";
  /** When its session was last agreed on, and the seconds of its session timer (RFC 4028); null without one. */
  readonly refreshedAt: number;
  readonly sessionExpires: number | null;
  readonly dialogs: readonly string[];
  readonly streams: readonly StreamRecord[];
  /** Per tag of the inside party, the position in `streams` of each of its m= lines; null where it has none. */
  readonly lines: readonly (readonly [tag: string, streams: readonly (number | null)[]])[];
  /** Per tag of a remote party, what it says of each m= line; null where that is nothing of use. */
  readonly remotes: readonly (readonly [tag: string, targets: readonly (MediaTarget | null)[]])[];
}

/** One stream with its ports; what the kernel holds of it is asked of the kernel. */
export interface StreamRecord {
  readonly id: number;
  readonly peer: string;
  /** What the inside party said of it when it was made, with the media it carries now. */
  readonly target: MediaTarget;
  /** First external port. */
  readonly base: number;
  readonly mux: boolean;
}
