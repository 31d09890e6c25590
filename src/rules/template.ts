import { readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";
import type { RuleParameters } from "./parameters.ts";

/**
 * Reads one of the files in iptables/, which are the rules with placeholders.
 *
 * @param name "iptables.rules" or "nft.rules"
 */
export function loadTemplate(name: "iptables.rules" | "nft.rules"): string {
  return readFileSync(join(packageRoot(), "iptables", name), "utf8");
}

/**
 * Writes a template's lines with the parameters in place of `{inside}`, `{outside}`, `{transport}`, `{queue}`,
 * `{firstPort}` and `{lastPort}`. A line that names a list is written once for each value; one that names `{tcp}`, if
 * that is one of the transports. Comments are left as they are. A word in braces that is no placeholder stays: nft has braces of its own.
 */
export function expand(template: string, parameters: RuleParameters): string {
  const lists: readonly (readonly [string, readonly (string | number)[]])[] = [
    ["{inside}", parameters.inside],
    ["{outside}", parameters.outside],
    ["{transport}", parameters.transports],
    ["{tcp}", parameters.transports.filter((transport) => transport === "tcp")],
    ["{queue}", [parameters.queue]],
    ["{firstPort}", [parameters.signallingPorts.first]],
    ["{lastPort}", [parameters.signallingPorts.last]],
  ];
  return template
    .split("\n")
    .flatMap((line) => {
      if (line.startsWith("#")) return [line];
      let lines = [line];
      for (const [placeholder, values] of lists) {
        if (!line.includes(placeholder)) continue;
        lines = lines.flatMap((each) => values.map((value) => each.replaceAll(placeholder, String(value))));
      }
      return lines;
    })
    .join("\n");
}
