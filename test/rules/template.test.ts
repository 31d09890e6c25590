import { describe, expect, test } from "vitest";
import type { RuleParameters } from "../../src/rules/parameters.ts";
import { expand, loadTemplate } from "../../src/rules/template.ts";

const PARAMETERS: RuleParameters = {
  inside: ["lan0", "lan1"],
  outside: ["wan0"],
  transports: ["udp", "tcp"],
  queue: 7,
  signallingPorts: { first: 5060, last: 9999 },
};

describe("expand", () => {
  test("a line with two lists is written once for each pair of their values", () => {
    expect(expand("-i {inside} -p {transport} -m {transport}", PARAMETERS).split("\n")).toEqual([
      "-i lan0 -p udp -m udp",
      "-i lan0 -p tcp -m tcp",
      "-i lan1 -p udp -m udp",
      "-i lan1 -p tcp -m tcp",
    ]);
  });

  test("comments and other braces stay as they are", () => {
    const text = "# {inside}\ncounter x { }\n";
    expect(expand(text, PARAMETERS)).toBe(text);
  });

  test.each(["iptables.rules", "nft.rules"] as const)(
    "%s has no placeholder left but in comments",
    (name) => {
      const lines = expand(loadTemplate(name), PARAMETERS).split("\n");
      const rules = lines.filter((line) => !line.startsWith("#"));
      expect(rules.join("\n").replace("{comment}", "")).not.toMatch(/\{[a-zA-Z]+\}/);
      expect(rules.filter((line) => line.includes("5060"))).toHaveLength(10);
    },
  );
});
