import type { RuleParameters } from "./parameters.ts";

/** Backend is one way to hand rules to the kernel; each keeps ours apart from the admin's. */
export interface Backend {
  /** What tells it from the others, in messages too: "iptables (nf_tables)", "iptables (legacy)", "nft". */
  readonly title: string;
  /** The rules as text for the backend's own restore command. */
  render(parameters: RuleParameters): string;
  /** True when any of our rules are in place, whatever their parameters. */
  isApplied(): boolean;
  /**
   * Puts exactly these rules in place of any that we had, in one transaction for each family it keeps apart.
   *
   * @returns "unchanged" when they were in place already
   * @throws RulesError when the kernel or the command refuses; then nothing of that family is changed
   */
  apply(parameters: RuleParameters): "applied" | "unchanged";
  /**
   * Takes our rules away, in one transaction for each such family, and what had to be made for them.
   *
   * @returns "absent" when there were none
   * @throws RulesError when the kernel or the command refuses
   */
  remove(): "removed" | "absent";
}
