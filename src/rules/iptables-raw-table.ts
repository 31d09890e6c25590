import { firstWords, runCommand, tryCommand } from "./command.ts";
import { CHAIN, parseRawTable, type SavedTable } from "./iptables-save.ts";
import type { RuleParameters } from "./parameters.ts";
import { RulesError } from "./rules-error.ts";
import { expand, loadTemplate } from "./template.ts";

/** What iptables itself is built on: the nf_tables of today's kernels, or the older ip_tables. */
export type Kind = "nf_tables" | "legacy";

/**
 * Comments of our jump rule, which is where we remember what the admin did not have before us. On removal it
 * goes away with the rules. (ip_tables cannot take a table away, so there nothing need be remembered.)
 */
export const PLAIN = "sipexpectd";
const ADDED_CHAIN = "sipexpectd added this chain";
const ADDED_TABLE = "sipexpectd added this table";

/** Another iptables may hold the lock of ip_tables; seconds to wait for it. */
const WAIT = ["-w", "10"] as const;

/**
 * RawTable keeps our rules in chain SIPEXPECTD of table raw of one family, to which one rule at the end of PREROUTING
 * jumps.
 */
export class RawTable {
  readonly kind: Kind;
  readonly #command: string;
  /** As nft names it. */
  readonly #family: "ip" | "ip6";

  private constructor(command: string, kind: Kind) {
    this.#command = command;
    this.kind = kind;
    this.#family = command.startsWith("ip6") ? "ip6" : "ip";
  }

  /**
   * @param command such as "iptables", "iptables-nft", "ip6tables-legacy"; "-save" and "-restore" are put behind it
   * @throws RulesError when it is not installed
   */
  static open(command: string): RawTable {
    const version = runCommand(command, ["--version"]);
    return new RawTable(command, version.includes("(nf_tables)") ? "nf_tables" : "legacy");
  }

  isApplied(): boolean {
    const raw = this.#read();
    return raw.hasOurChain || raw.jumps.length > 0;
  }

  apply(parameters: RuleParameters): "applied" | "unchanged" {
    const raw = this.#readWhole();
    const text = expand(loadTemplate("iptables.rules"), parameters);
    const rules = text.split("\n").filter((line) => line.startsWith(`-A ${CHAIN} `));
    if (raw.jumps.length === 1 && rules.join("\n") === raw.ourRules.join("\n")) return "unchanged";

    const [keptJump, ...surplusJumps] = raw.jumps;
    const jump =
      keptJump === undefined
        ? [`-A PREROUTING -m comment --comment "${this.#comment(raw)}" -j ${CHAIN}`]
        : [];
    // With --noflush, naming our chain makes it or empties it, and leaves every other chain alone.
    this.#restore([`:${CHAIN} - [0:0]`, ...rules, ...surplusJumps.map(deletion), ...jump]);
    return "applied";
  }

  remove(): "removed" | "absent" {
    const raw = this.#readWhole();
    if (!raw.hasOurChain && raw.jumps.length === 0) return "absent";
    const chain = raw.hasOurChain ? [`-F ${CHAIN}`, `-X ${CHAIN}`] : [];
    this.#restore([...raw.jumps.map(deletion), ...chain]);
    if (this.kind === "nf_tables") this.#tidy(raw.jumps.join("\n"));
    return "removed";
  }

  #read(): SavedTable {
    return parseRawTable(runCommand(`${this.#command}-save`, []));
  }

  /** Reads the raw table, and refuses where iptables sees only a part of it. */
  #readWhole(): SavedTable {
    const raw = this.#read();
    if (raw.unreadable) {
      throw new RulesError(
        `Table ${this.#family} raw holds rules made by nft that ${this.#command} cannot read, so it is left alone:` +
          " use --backend nft.",
      );
    }
    return raw;
  }

  #restore(lines: readonly string[]): void {
    const text = ["*raw", ...lines, "COMMIT", ""].join("\n");
    runCommand(`${this.#command}-restore`, ["--noflush", ...WAIT], text);
  }

  /** The comment our jump needs so that removal can put back what was there before. */
  #comment(raw: SavedTable): string {
    if (this.kind === "legacy") return PLAIN;
    const chain = tryCommand("nft", ["list", "chain", this.#family, "raw", "PREROUTING"]);
    if (chain === undefined || chain.status === 0) return PLAIN;
    return raw.exists ? ADDED_CHAIN : ADDED_TABLE;
  }

  /**
   * Removes the table or the base chain that iptables made for us, unless the admin has begun to use it since.
   * `delete chain` is refused for a chain with rules, so what is added at this very moment is safe as well.
   */
  #tidy(jumps: string): void {
    const addedTable = jumps.includes(ADDED_TABLE);
    const raw = this.#read();
    if (!(addedTable || jumps.includes(ADDED_CHAIN)) || raw.unreadable || !raw.preroutingIsBare) return;
    const whole = addedTable && raw.isBare;
    const chains = whole
      ? baseChains(runCommand("nft", ["list", "table", this.#family, "raw"]))
      : ["PREROUTING"];
    const script = chains.map((chain) => `delete chain ${this.#family} raw ${chain}\n`).join("");
    const result = tryCommand(
      "nft",
      ["-f", "-"],
      whole ? `${script}delete table ${this.#family} raw\n` : script,
    );
    if (result?.status !== 0) {
      throw new RulesError(
        `The rules are removed, but the empty table raw made for them stays: ` +
          (result === undefined ? "nft is not installed, apt install nftables." : firstWords(result.stderr)),
      );
    }
  }
}

/** "-A PREROUTING ..." as the line that deletes that very rule. */
function deletion(rule: string): string {
  return rule.replace(/^-A /, "-D ");
}

/** Names of the chains in what `nft list table` prints. */
function baseChains(listing: string): string[] {
  return [...listing.matchAll(/^\tchain (\S+) \{/gm)].map((match) => match[1] ?? "");
}
