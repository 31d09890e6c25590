import { describe, expect, test } from "vitest";
import { parseRawTable } from "../../src/rules/iptables-save.ts";

const saved = (...lines: string[]) => `*nat\n-A POSTROUTING -j SIPEXPECTD\nCOMMIT\n${lines.join("\n")}\n`;

describe("the raw table in the output of iptables-save", () => {
  test("is absent where only other tables are", () => {
    expect(parseRawTable(saved())).toMatchObject({ exists: false, hasOurChain: false, jumps: [] });
  });

  test("is bare with base chains of policy ACCEPT only", () => {
    const bare = parseRawTable(saved("*raw", ":PREROUTING ACCEPT [3:120]", ":OUTPUT ACCEPT [0:0]", "COMMIT"));
    expect(bare).toMatchObject({ exists: true, preroutingIsBare: true, isBare: true });
  });

  test.each([
    ["a rule in OUTPUT", [":PREROUTING ACCEPT [0:0]", "-A OUTPUT -j ACCEPT"], true],
    ["a chain of the admin's", [":PREROUTING ACCEPT [0:0]", ":SPOOFED - [0:0]"], true],
    ["a policy of OUTPUT", [":PREROUTING ACCEPT [0:0]", ":OUTPUT DROP [0:0]"], true],
    ["a rule in PREROUTING", [":PREROUTING ACCEPT [0:0]", "-A PREROUTING -j DROP"], false],
    ["a policy of PREROUTING", [":PREROUTING DROP [0:0]"], false],
  ])("is not bare with %s", (_, lines, preroutingIsBare) => {
    const table = parseRawTable(saved("*raw", ...lines, "COMMIT"));
    expect(table).toMatchObject({ isBare: false, preroutingIsBare });
  });

  test("has our rules, and the jumps to them with their comment", () => {
    const jump = '-A PREROUTING -m comment --comment "sipexpectd added this table" -j SIPEXPECTD';
    const rule = "-A SIPEXPECTD -i lan0 -p udp -m udp --dport 5060 -j NFQUEUE --queue-num 7 --queue-bypass";
    const table = parseRawTable(
      saved("*raw", ":SIPEXPECTD - [0:0]", "-A PREROUTING -j OTHER", jump, rule, "COMMIT"),
    );
    expect(table).toMatchObject({ hasOurChain: true, jumps: [jump], ourRules: [rule], unreadable: false });
  });

  test("is unreadable where nft has written to it", () => {
    expect(parseRawTable("# Table `raw' is incompatible, use 'nft' tool.\n").unreadable).toBe(true);
  });
});
