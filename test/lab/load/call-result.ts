import type { CallStep, EndReport } from "./control.ts";
import type { Side } from "./media.ts";

/** A call is two-way when each end received at least this many RTP packets from where the peer's SDP said. */
export const ENOUGH_RTP = 20;
/** In a single phase of a call so many tell that it was two-way; one could be a straggler of the phase before. */
const ENOUGH_IN_A_PHASE = 2;

/** How one call went, judged by what both ends saw. */
export interface CallResult {
  readonly call: string;
  readonly direction: "outbound" | "inbound";
  readonly answered: boolean;
  /** True when it was refused or cancelled as its steps wanted, and both ends agree on that. */
  readonly refusedAsPlanned: boolean;
  /** Both ends received at least ENOUGH_RTP packets of this call from exactly the advertised address and port. */
  readonly twoWayAudio: boolean;
  /** Both ends received RTCP of this call from exactly the advertised address and port. */
  readonly twoWayRtcp: boolean;
  /** RTP packets each end received, by phase of the call, from exactly the advertised address and port. */
  readonly audio: Readonly<Record<string, Readonly<Record<Side, number>>>>;
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
  steps: readonly CallStep[],
  phone: EndReport | undefined,
  provider: EndReport | undefined,
): CallResult {
  const ends = [phone, provider];
  const caller = direction === "outbound" ? phone : provider;
  const twoWayAudio = ends.every((end) => end !== undefined && end.rtp.received >= ENOUGH_RTP);
  const twoWayRtcp = ends.every((end) => end !== undefined && end.rtcp.received > 0);
  const audio = audioByPhase(phone, provider);
  const planned = steps.includes("cancel") ? 487 : steps.includes("busy") ? 486 : undefined;
  const failure =
    planned === undefined
      ? completionFailure(caller, phone, provider)
      : refusalFailure(planned, caller, ends);
  return {
    call,
    direction,
    answered: caller?.answered ?? false,
    refusedAsPlanned: planned !== undefined && failure === undefined,
    twoWayAudio,
    twoWayRtcp,
    audio,
    failure: failure ?? phaseFailure(audio, direction),
    phone,
    provider,
  };
}

function completionFailure(
  caller: EndReport | undefined,
  phone: EndReport | undefined,
  provider: EndReport | undefined,
): string | undefined {
  const ends = [phone, provider];
  return (
    caller?.failure ??
    (!caller?.answered ? "no answer" : undefined) ??
    audioFailure("phone", phone) ??
    audioFailure("provider", provider) ??
    ends.find((end) => end?.failure)?.failure ??
    (ends.every((end) => end?.hungUp) ? undefined : "BYE did not arrive")
  );
}

function refusalFailure(
  planned: number,
  caller: EndReport | undefined,
  ends: readonly (EndReport | undefined)[],
): string | undefined {
  if (caller?.refused !== planned)
    return caller?.failure ?? `the caller was answered where ${planned} was planned`;
  return ends.every((end) => end?.refused === planned) ? undefined : `the ACK to ${planned} did not arrive`;
}

function audioFailure(side: Side, end: EndReport | undefined): string | undefined {
  if (!end) return `the ${side} never heard of the call`;
  const { received, elsewhere, foreign } = end.rtp;
  if (foreign > 0) return `the ${side} heard another call`;
  if (received >= ENOUGH_RTP) return undefined;
  if (Object.keys(elsewhere).length > 0)
    return `the ${side} heard audio from another address or port than advertised`;
  return received > 0 ? `the ${side} heard too little` : `the ${side} heard nothing`;
}

function audioByPhase(
  phone: EndReport | undefined,
  provider: EndReport | undefined,
): Record<string, Record<Side, number>> {
  const audio: Record<string, Record<Side, number>> = {};
  for (const [side, end] of [["phone", phone] as const, ["provider", provider] as const]) {
    for (const { phase, rtp } of end?.phases ?? []) {
      audio[phase] ??= { phone: 0, provider: 0 };
      audio[phase][side] += rtp.received;
    }
  }
  return audio;
}

/** The callee on hold hears and does not speak; in every other phase each end has to hear the other. */
function phaseFailure(audio: CallResult["audio"], direction: "outbound" | "inbound"): string | undefined {
  const callee = direction === "outbound" ? "provider" : "phone";
  for (const [phase, heard] of Object.entries(audio)) {
    for (const side of phase === "hold" ? ([callee] as const) : (["phone", "provider"] as const)) {
      if (heard[side] < ENOUGH_IN_A_PHASE) return `the ${side} did not hear the other in phase "${phase}"`;
    }
  }
  return undefined;
}
