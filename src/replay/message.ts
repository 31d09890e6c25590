import type { Outcome } from "../gateway/context.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { BodyLeft, Edit } from "../translate/translation.ts";
import type { MediaChange } from "./arming.ts";
import type { Connection, HalfName, StreamEvent } from "./connections.ts";

/** One SIP message of a capture, and what the gateway would have done with it. */
export interface ReplayedMessage {
  readonly direction: "outbound" | "inbound";
  readonly transport: Transport;
  readonly inside: Endpoint;
  /** What the inside endpoint appears as; undefined when it was given no external port. */
  readonly outside: Endpoint | undefined;
  readonly remote: Endpoint;
  /** undefined for what looks like SIP and cannot be read. */
  readonly callId: string | undefined;
  /** Of a response, the method of its request; undefined like `callId`. */
  readonly method: string | undefined;
  /** As captured, one latin1 character per byte. */
  readonly text: string;
  readonly outcome: Outcome;
  /** Why it is no SIP, or why it is not translated, when `outcome` alone does not tell. */
  readonly reason: string | undefined;
  /** Where in the message that is, or what went wrong. */
  readonly detail: string | undefined;
  readonly edits: readonly Edit[];
  /** Why its body is as it came while its header fields were looked at. */
  readonly bodyLeft: BodyLeft | undefined;
  /** Media that it names at the gateway and that is another inside host's: the two are made to speak directly. */
  readonly hairpins: readonly Hairpin[];
  readonly media: readonly MediaChange[];
  /** The inside endpoint was not heard before this: it was taken to have registered before the capture began. */
  readonly assumed: boolean;
}

/** One m= line of a message from outside that names an external port of the gateway itself. */
export interface Hairpin {
  readonly media: string;
  readonly outside: Endpoint;
  readonly inside: Endpoint;
}

/** Bytes of a TCP connection that are missing in the capture, or that are no SIP message. */
export interface StreamNote {
  readonly connection: Connection;
  readonly half: HalfName;
  readonly event: Exclude<StreamEvent, { kind: "message" }>;
}

/** What a packet held for the gateway, or why it was not followed. */
export type Replayed =
  | { readonly kind: "datagram"; readonly message: ReplayedMessage }
  | {
      readonly kind: "segment";
      readonly connection: Connection;
      readonly half: HalfName;
      readonly found: Found;
    }
  | { readonly kind: "left"; readonly reason: string };

/** What the streams of TCP gave, in its order. */
export interface Found {
  readonly messages: readonly ReplayedMessage[];
  readonly notes: readonly StreamNote[];
}
