import type { EndReport } from "./control.ts";

/** A call is two-way when each end received at least this many RTP packets from where the peer's SDP said. */
export const ENOUGH_RTP = 20;

/** How one call went, judged by what both ends saw. */
export interface CallResult {
  readonly call: string;
  readonly direction: "outbound" | "inbound";
  readonly answered: boolean;
  /** Both ends received at least ENOUGH_RTP packets of this call from exactly the advertised address and port. */
  readonly twoWayAudio: boolean;
  /** Both ends received RTCP of this call from exactly the advertised address and port. */
  readonly twoWayRtcp: boolean;
  /** What went wrong first, in words without numbers of this one call; undefined when all went well. */
  readonly failure: string | undefined;
  /** The two ends' reports; undefined when that end never heard of the call. */
  readonly phone: EndReport | undefined;
  readonly provider: EndReport | undefined;
}

/** Judges a call by its two ends' reports. */
export function judge(
  call: string,
  direction: "outbound" | "inbound",
  phone: EndReport | undefined,
  provider: EndReport | undefined,
): CallResult {
  const ends = [phone, provider];
  const caller = direction === "outbound" ? phone : provider;
  const twoWayAudio = ends.every((end) => end !== undefined && end.rtp.received >= ENOUGH_RTP);
  const twoWayRtcp = ends.every((end) => end !== undefined && end.rtcp.received > 0);
  const failure =
    caller?.failure ??
    (!caller?.answered ? "no answer" : undefined) ??
    audioFailure("phone", phone) ??
    audioFailure("provider", provider) ??
    ends.find((end) => end?.failure)?.failure ??
    (ends.every((end) => end?.hungUp) ? undefined : "BYE did not arrive");
  return {
    call,
    direction,
    answered: caller?.answered ?? false,
    twoWayAudio,
    twoWayRtcp,
    failure,
    phone,
    provider,
  };
}

function audioFailure(side: string, end: EndReport | undefined): string | undefined {
  if (!end) return `the ${side} never heard of the call`;
  const { received, elsewhere, foreign } = end.rtp;
  if (foreign > 0) return `the ${side} heard another call`;
  if (received >= ENOUGH_RTP) return undefined;
  if (Object.keys(elsewhere).length > 0)
    return `the ${side} heard audio from another address or port than advertised`;
  return received > 0 ? `the ${side} heard too little` : `the ${side} heard nothing`;
}
