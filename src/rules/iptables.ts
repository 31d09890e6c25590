import { existsSync } from "node:fs";
import type { Backend } from "./backend.ts";
import { PLAIN, RawTable } from "./iptables-raw-table.ts";
import type { RuleParameters } from "./parameters.ts";
import { expand, loadTemplate } from "./template.ts";

/** IptablesBackend keeps our rules in table raw of iptables and, where the kernel has IPv6, of ip6tables. */
export class IptablesBackend implements Backend {
  readonly title: string;
  readonly #tables: readonly RawTable[];

  private constructor(tables: readonly [RawTable, ...RawTable[]]) {
    this.#tables = tables;
    this.title = `iptables (${tables[0].kind})`;
  }

  /**
   * @param command "iptables", "iptables-nft" or "iptables-legacy"
   * @throws RulesError when it is not installed
   */
  static open(command: string): IptablesBackend {
    const ipv4 = RawTable.open(command);
    // Without IPv6, ip6tables is installed all the same and fails at every table.
    if (!existsSync("/proc/net/if_inet6")) return new IptablesBackend([ipv4]);
    return new IptablesBackend([ipv4, RawTable.open(command.replace(/^ip/, "ip6"))]);
  }

  render(parameters: RuleParameters): string {
    return expand(loadTemplate("iptables.rules"), parameters).replace("{comment}", PLAIN);
  }

  isApplied(): boolean {
    return this.#tables.some((table) => table.isApplied());
  }

  apply(parameters: RuleParameters): "applied" | "unchanged" {
    const outcomes = this.#tables.map((table) => table.apply(parameters));
    return outcomes.includes("applied") ? "applied" : "unchanged";
  }

  remove(): "removed" | "absent" {
    const outcomes = this.#tables.map((table) => table.remove());
    return outcomes.includes("removed") ? "removed" : "absent";
  }
}
