import type { Backend } from "./backend.ts";
import { firstWords, runCommand, tryCommand } from "./command.ts";
import type { RuleParameters } from "./parameters.ts";
import { RulesError } from "./rules-error.ts";
import { expand, loadTemplate } from "./template.ts";

const TABLE = ["table", "inet", "sipexpectd"] as const;

/** NftBackend keeps our rules in a table of their own, `inet sipexpectd`: removing it removes all. */
export class NftBackend implements Backend {
  readonly title = "nft";

  /** @throws RulesError when nft is not installed */
  static open(): NftBackend {
    runCommand("nft", ["--version"]);
    return new NftBackend();
  }

  render(parameters: RuleParameters): string {
    return expand(loadTemplate("nft.rules"), parameters);
  }

  isApplied(): boolean {
    return tryCommand("nft", ["list", ...TABLE])?.status === 0;
  }

  /**
   * Applying the same rules again leaves them and their counters as they were: the text flushes the table and
   * fills it anew within one transaction, and named counters survive a flush.
   */
  apply(parameters: RuleParameters): "applied" | "unchanged" {
    const before = this.#listing();
    const result = tryCommand("nft", ["-f", "-"], this.render(parameters));
    if (result === undefined) throw new RulesError("nft is not installed: apt install nftables.");
    if (result.status !== 0) throw new RulesError(explainRefusal(result.stderr));
    return this.#listing() === before ? "unchanged" : "applied";
  }

  remove(): "removed" | "absent" {
    if (!this.isApplied()) return "absent";
    runCommand("nft", ["delete", ...TABLE]);
    return "removed";
  }

  /** Our table as nft lists it, without counter values; "" when there is none. */
  #listing(): string {
    const result = tryCommand("nft", ["--stateless", "list", ...TABLE]);
    return result?.status === 0 ? result.stdout : "";
  }
}

/**
 * Says why nft refused. The kernel answers ENOENT for a statement whose module it lacks, which nft prints as
 * "No such file or directory" above the rule; the only statement of ours that is not in every kernel is queue.
 */
function explainRefusal(stderr: string): string {
  if (stderr.includes("No such file or directory") && stderr.includes("queue num")) {
    return (
      'nft refused the rules: this kernel has no "queue" statement (nft_queue);' +
      " run modprobe nft_queue, or use --backend iptables."
    );
  }
  return `nft refused the rules: ${firstWords(stderr)}`;
}
