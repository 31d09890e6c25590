import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { PhaseReception, Reception, Side } from "./media.ts";

/** What the phone process is started with. */
export interface PhoneConfig {
  readonly phones: number;
  /** Milliseconds between two RTP packets of a call. */
  readonly rtpInterval: number;
  /** Milliseconds a callee rings before it answers. */
  readonly ringTime: number;
  /** Milliseconds by which a callee's media is ahead of its answer. */
  readonly mediaLead: number;
}

/** What the provider process is started with. */
export interface ProviderConfig {
  readonly servers: readonly ServerConfig[];
  /** Milliseconds between two RTP packets of a call. */
  readonly rtpInterval: number;
  /** Milliseconds a callee rings before it answers. */
  readonly ringTime: number;
  /** Milliseconds by which a callee's media is ahead of its answer. */
  readonly mediaLead: number;
}

/** One provider's server. */
export interface ServerConfig {
  readonly signalling: string;
  readonly media: string;
  /**
   * Address the Contact names when the calls run on a machine behind the signalling address, which then stands in
   * Record-Route; nothing outside the provider can reach it.
   */
  readonly core?: string;
}

/**
 * What a call does beyond INVITE, 200, ACK and BYE (RFC 3665 §3 shows most of them). The INVITE carries its steps in
 * a header of the lab's own, so that the callee knows its part.
 *
 * challenge: the callee wants credentials (407). early-media: the callee sends 183 with SDP, and both ends media.
 * busy: the callee rings, then answers 486. cancel: the caller gives up as it rings. hold: the caller holds and
 * resumes. refresh: a re-INVITE of the caller changes nothing.
 */
export type CallStep = (typeof CALL_STEPS)[number];
const CALL_STEPS = ["challenge", "early-media", "busy", "cancel", "hold", "refresh"] as const;

/** The header that names the steps of a call, in its INVITE. */
export const STEPS_HEADER = "X-Lab-Steps";

/** Reads the value of STEPS_HEADER, "" for a plain call. */
export function readSteps(value: string): CallStep[] {
  const named = value.split(" ");
  return CALL_STEPS.filter((step) => named.includes(step));
}

/** The user name of the phone of that index, from 0. */
export function phoneUser(index: number): string {
  return String(1000 + index);
}

/** What the driver tells a user-agent process, one JSON object a line on its standard input. */
export type Command =
  /** Phones only: every phone registers with this provider, that many phones a second. */
  | { readonly command: "register"; readonly registrar: string; readonly rate: number }
  /**
   * Place a call. `from` is the caller's index (phone or provider server); `user` whom to call; `registrar` the
   * provider a phone calls through.
   */
  | {
      readonly command: "call";
      readonly call: string;
      readonly from: number;
      readonly user: string;
      readonly registrar: string;
      readonly steps: readonly CallStep[];
    }
  /** The caller sends a re-INVITE; the phase it begins is "hold", "resumed" after one, else "refreshed". */
  | { readonly command: "reinvite"; readonly call: string; readonly hold: boolean }
  /** Every call that has media begins a phase of this name. */
  | { readonly command: "phase"; readonly phase: string }
  /** End an answered call with BYE. */
  | { readonly command: "hangup"; readonly call: string }
  /** Report on a call as it is, and forget it. */
  | { readonly command: "collect"; readonly call: string };

/** What a user-agent process tells the driver, one JSON object a line on its standard output. */
export type Event =
  | { readonly event: "ready" }
  /** A phone's registration ended: 200, another status, or the reason no answer came. */
  | {
      readonly event: "registered";
      readonly user: string;
      readonly registrar: string;
      readonly result: string;
    }
  /** A provider took a registration: the Contact as received, and where the REGISTER came from. */
  | {
      readonly event: "binding";
      readonly registrar: string;
      readonly user: string;
      readonly contact: string;
      readonly source: string;
    }
  /** The caller has an answer and media runs. */
  | { readonly event: "answered"; readonly call: string }
  | { readonly event: "ended"; readonly report: EndReport }
  /** Answer to collect for a call this side never heard of. */
  | { readonly event: "unknown"; readonly call: string };

/** What one end of a call saw of it. */
export interface EndReport {
  readonly call: string;
  readonly side: Side;
  /** The user whose phone or line this end is. */
  readonly user: string;
  readonly answered: boolean;
  /** True when a BYE went through: sent and answered, or received. */
  readonly hungUp: boolean;
  /** Status of 300 or more that ended the INVITE; at the callee, once it is acknowledged. */
  readonly refused: number | undefined;
  /** Why signalling failed at this end; undefined when it did not. */
  readonly failure: string | undefined;
  /** Address and port that the peer's SDP advertised, as received. */
  readonly advertised: string | undefined;
  readonly rtp: Reception;
  /** The same RTP by phase of the call, as this end went through them. */
  readonly phases: readonly PhaseReception[];
  readonly rtcp: Reception;
}

/** Calls `take` with every JSON line of a stream; lines of anything else are errors. */
export function readLines<T>(input: Readable, take: (message: T) => void): void {
  createInterface({ input }).on("line", (line) => take(JSON.parse(line) as T));
}

/** Tells the driver, from inside a user-agent process. */
export function tell(event: Event): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
