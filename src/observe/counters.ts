/**
 * Why a packet passed as it came. Every packet is accepted; these say what was not done to it.
 */
const PASS_REASONS = [
  "other-interface",
  "not-ip",
  "other-protocol",
  "truncated",
  "malformed-packet",
  "not-external-address",
  "no-binding",
  "source-not-allowed",
  "mode-off",
  "mode-pinhole",
  "not-translated-network",
  "local-destination",
  "inside-destination",
  "unreachable-destination",
  "empty",
  "keep-alive",
  "not-sip",
  "stream-unknown",
  "stream-given-up",
  "bindings-full",
  "host-bindings-full",
  "signalling-ports-exhausted",
  "pin-failed",
  "untranslatable",
  "nothing-to-change",
  "too-large",
  "internal-error",
] as const;

/** One of PASS_REASONS. */
export type PassReason = (typeof PASS_REASONS)[number];

/** Counters are plain integers, incremented on the packet path and read in bulk when somebody asks. */
export class Counters {
  /** Packets seen, per direction. */
  outbound = 0;
  inbound = 0;
  /** Packets whose bytes were changed. */
  translated = 0;
  /** Conntracks made for signalling flows, anew after they had expired too, and those found in the kernel. */
  pinned = 0;
  adopted = 0;
  /** Expectations put into the kernel, taken out, consumed by media, and that made room for more urgent ones. */
  armed = 0;
  disarmed = 0;
  consumed = 0;
  evicted = 0;
  /** Packets of media from hosts that no SDP names. */
  strays = 0;
  /** Times the kernel did not take all expectations of a component, by what that means. */
  readonly armFailed = { full: 0, taken: 0, "master-gone": 0, "id-taken": 0, busy: 0, refused: 0 };
  /** Calls ended, by reason. */
  readonly ended: Record<string, number> = {};
  /** Media conntracks that were made before their expectations, and taken out for that. */
  strayRemoved = 0;
  /** Why packets passed as they came. */
  readonly passed: Record<PassReason, number>;
  /** Why messages were left untranslated, by the translation's own reason. */
  readonly skipped: Record<string, number> = {};

  constructor() {
    this.passed = Object.fromEntries(PASS_REASONS.map((reason) => [reason, 0])) as Record<PassReason, number>;
  }

  /** Counts a call that has ended. */
  end(reason: string): void {
    this.ended[reason] = (this.ended[reason] ?? 0) + 1;
  }

  /** Counts a message that was left untranslated. */
  skip(reason: string): void {
    this.skipped[reason] = (this.skipped[reason] ?? 0) + 1;
  }
}
