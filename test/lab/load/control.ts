import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Reception, Side } from "./media.ts";

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
    }
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
  /** Why signalling failed at this end; undefined when it did not. */
  readonly failure: string | undefined;
  /** Address and port that the peer's SDP advertised, as received. */
  readonly advertised: string | undefined;
  readonly rtp: Reception;
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
