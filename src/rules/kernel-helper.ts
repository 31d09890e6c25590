import { readFileSync } from "node:fs";
import { tryCommand } from "./command.ts";

const AUTOMATIC_HELPERS = "/proc/sys/net/netfilter/nf_conntrack_helper";

/**
 * Looks for the kernel's own SIP helper being attached to flows in this network namespace. Both would then
 * translate the same messages, and it drops what it does not understand.
 *
 * @returns one line per finding, each with its remedy; empty when there is none
 */
export function kernelHelperWarnings(): string[] {
  const warnings: string[] = [];
  for (const command of iptablesCommands()) {
    for (const rule of helperRules(output(`${command}-save`, []))) {
      warnings.push(
        "The kernel's own SIP helper is attached by an iptables rule;" +
          ` remove it: ${command} -t raw ${rule.replace(/^-A/, "-D")}`,
      );
    }
  }
  for (const name of helperObjects(output("nft", ["--terse", "list", "ruleset"]))) {
    warnings.push(
      `The kernel's own SIP helper is attached by the nft object "ct helper ${name}"; remove the rules that set it.`,
    );
  }
  if (automaticHelpers()) {
    warnings.push(
      "The kernel attaches its own SIP helper to every flow to port 5060; switch that off:" +
        " sysctl -w net.netfilter.nf_conntrack_helper=0",
    );
  }
  return warnings;
}

/**
 * The rules of an iptables-save text that attach a SIP helper. A helper on another port than 5060 is called
 * "sip-PORT" (nf_ct_helper_init). The match `-m helper --helper sip` attaches nothing and is not meant.
 */
export function helperRules(saved: string): string[] {
  return saved.split("\n").filter((line) => / -j CT .*--helper "?sip(-\d+)?"?( |$)/.test(line));
}

/** Names, as "family table name", of the SIP helper objects in an `nft list ruleset` text. */
export function helperObjects(ruleset: string): string[] {
  const names: string[] = [];
  let table = "";
  let object = "";
  for (const line of ruleset.split("\n")) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table;
    object = /^\tct helper (\S+) \{/.exec(line)?.[1] ?? object;
    if (/^\t\ttype "sip(-\d+)?" protocol /.test(line)) names.push(`${table} ${object}`);
  }
  return names;
}

/** The commands that between them show all tables: both kinds, or the only one of an older system, of both families. */
function iptablesCommands(): readonly string[] {
  const both = ["iptables-nft", "iptables-legacy"];
  const isBoth = both.some((command) => tryCommand(command, ["--version"]) !== undefined);
  return (isBoth ? both : ["iptables"]).flatMap((command) => [command, command.replace(/^ip/, "ip6")]);
}

/** True when sysctl nf_conntrack_helper is 1. Linux 6.0 removed it, and with it the automatic helpers. */
function automaticHelpers(): boolean {
  try {
    return readFileSync(AUTOMATIC_HELPERS, "latin1").trim() === "1";
  } catch {
    return false;
  }
}

/** What a command prints; "" when it is not installed or has nothing to tell. */
function output(command: string, args: readonly string[]): string {
  const result = tryCommand(command, args);
  return result?.status === 0 ? result.stdout : "";
}
