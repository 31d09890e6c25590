import type { Endpoint, Transport } from "../../packet/endpoint.ts";
import type { Call, CallPhase } from "../../table/call.ts";
import type { Ending } from "../../table/call-ending.ts";
import { type EndRow, endRow, type TimeOf } from "./ending.ts";

/** A call as `GET /calls` shows it; times are ISO 8601. */
export interface CallRow {
  readonly callId: string;
  readonly transport: Transport;
  readonly inside: Endpoint;
  /** External port of the inside endpoint's SIP. */
  readonly externalPort: number;
  /** The provider's SIP host; null before there is any media. */
  readonly remote: string | null;
  readonly phase: CallPhase;
  /**
   * Why it exists: an INVITE without its final answer, media that the kernel forwards, a confirmed dialog; or it has
   * ended, and its ports are kept a little for a retry.
   */
  readonly why: "unanswered" | "media-flows" | "dialog" | "linger";
  /** Null while its media keeps it. */
  readonly ends: EndRow | null;
  readonly beganAt: string;
  /** When a message of it was seen last. */
  readonly heardAt: string;
  readonly dialogs: number;
  /** Session-Expires in seconds, as agreed on (RFC 4028); null where it was not. */
  readonly sessionExpires: number | null;
  /** True while both sides have agreed that nothing is sent. */
  readonly held: boolean;
  /** True while the kernel forwards media of it. */
  readonly flowing: boolean;
  readonly streams: number;
}

/** The row of a call; `ending` as `CallLife.endingOf` says. */
export function callRow(call: Call, ending: Ending | undefined, time: TimeOf): CallRow {
  const { callId, binding, phase, streams } = call;
  const [first] = streams.values();
  return {
    callId,
    transport: binding.transport,
    inside: binding.inside,
    externalPort: binding.port,
    remote: first?.peer ?? null,
    phase,
    why: whyOf(call),
    ends: endRow(ending, time),
    beganAt: time(call.beganAt),
    heardAt: time(call.heardAt),
    dialogs: call.dialogs.size,
    sessionExpires: call.sessionExpires ?? null,
    held: call.isHeld,
    flowing: call.isFlowing,
    streams: streams.size,
  };
}

function whyOf({ phase, isFlowing }: Call): CallRow["why"] {
  if (phase === "ended") return "linger";
  if (phase === "early") return "unanswered";
  return isFlowing ? "media-flows" : "dialog";
}
