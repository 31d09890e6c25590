/** SavedTable is what iptables-save says of table raw, as far as our rules touch it. */
export interface SavedTable {
  /** True when the table is in use: iptables-save without -t lists only such tables. */
  readonly exists: boolean;
  /** True when nft wrote rules into it that iptables cannot list, and so cannot edit safely. */
  readonly unreadable: boolean;
  /** True when our chain is there. */
  readonly hasOurChain: boolean;
  /** The rules of our chain in order, "-A SIPEXPECTD ...". */
  readonly ourRules: readonly string[];
  /** The rules of other chains that jump to ours, "-A PREROUTING ... -j SIPEXPECTD". */
  readonly jumps: readonly string[];
  /** True when chain PREROUTING has no rule and the policy ACCEPT. */
  readonly preroutingIsBare: boolean;
  /** True when no chain has a rule, none is user-defined and all policies are ACCEPT. */
  readonly isBare: boolean;
}

/** The chain that holds our rules. */
export const CHAIN = "SIPEXPECTD";

/**
 * Reads the raw table out of the output of `iptables-save` (all tables, no counters).
 *
 * NB: ask without `-t raw`: with it iptables-save shows the table even where it does not exist, and the
 * legacy one creates it by looking.
 */
export function parseRawTable(saved: string): SavedTable {
  const lines = saved.split("\n");
  const start = lines.indexOf("*raw");
  const table = start < 0 ? [] : lines.slice(start + 1, lines.indexOf("COMMIT", start));
  const rules = table.filter((line) => line.startsWith("-A "));
  const chains = table.filter((line) => line.startsWith(":"));
  const policiesAccept = chains.every((line) => / (ACCEPT|-) \[/.test(line));
  return {
    exists: start >= 0,
    unreadable: /^# Table `raw' is incompatible/m.test(saved),
    hasOurChain: chains.some((line) => line.startsWith(`:${CHAIN} `)),
    ourRules: rules.filter((line) => line.startsWith(`-A ${CHAIN} `)),
    jumps: rules.filter((line) => line.endsWith(` -j ${CHAIN}`)),
    preroutingIsBare:
      !rules.some((line) => line.startsWith("-A PREROUTING ")) &&
      chains.some((line) => line.startsWith(":PREROUTING ACCEPT ")),
    isBare: rules.length === 0 && policiesAccept && !chains.some((line) => line.includes(" - [")),
  };
}
