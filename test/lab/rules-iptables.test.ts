import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RulesGateway } from "./rules-gateway.ts";

/** A gateway's rules as its admin may have them, with rules of their own in table raw and counters in use. */
const ADMIN = `*raw
:PREROUTING ACCEPT [17:1234]
:OUTPUT ACCEPT [5:500]
:SPOOFED - [0:0]
-A PREROUTING -i wan0 -s 10.0.0.0/8 -m comment --comment "no spoofing" -j SPOOFED
-A PREROUTING -i lan0 -p tcp -m tcp --dport 21 -j CT --helper ftp
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
-A SPOOFED -j DROP
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [3:180]
-A POSTROUTING -o wan0 -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i lan0 -o wan0 -j ACCEPT
COMMIT
`;

/** The admin uses table raw, but not its chain PREROUTING. */
const ADMIN_OUTPUT_ONLY = `*raw
-A OUTPUT -p udp -m udp --dport 53 -j CT --notrack
COMMIT
`;

const INTERFACES = ["--inside", "lan0", "--outside", "wan0"];

let gateway: RulesGateway;
beforeEach(() => {
  gateway = new RulesGateway();
});
afterEach(() => gateway.dispose());

describe.each(["iptables-nft", "iptables-legacy"])("with %s", (backend) => {
  const flags = ["--backend", backend, ...INTERFACES, "--queue", "7"];
  const rulesOf = (chain: string) =>
    gateway
      .exec([`${backend}-save`, "-t", "raw"])
      .split("\n")
      .filter((line) => line.startsWith(`-A ${chain} `));

  /** Gives a ruleset to both families. */
  function restore(text: string, ...args: string[]): void {
    gateway.exec([`${backend}-restore`, ...args], text);
    const ipv6 = text.replace("-s 10.0.0.0/8", "-s 2001:db8:bad::/48");
    gateway.exec([`${backend.replace("ip", "ip6")}-restore`, ...args], ipv6);
  }

  function apply(...args: string[]): string {
    const { status, stdout, stderr } = gateway.rules("apply", ...flags, ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
  }

  test("apply queues what DESIGN names, in a chain of its own", () => {
    expect(apply()).toContain("Rules applied");
    expect(rulesOf("SIPEXPECTD")).toEqual([
      "-A SIPEXPECTD -i lan0 -p udp -m udp --dport 5060 -j NFQUEUE --queue-num 7 --queue-bypass",
      "-A SIPEXPECTD -i lan0 -p tcp -m tcp --dport 5060 -j NFQUEUE --queue-num 7 --queue-bypass",
      "-A SIPEXPECTD -i lan0 -p tcp -m tcp --sport 5060:9999 -j NFQUEUE --queue-num 7 --queue-bypass",
      "-A SIPEXPECTD -i wan0 -p udp -m udp --sport 5060 -j NFQUEUE --queue-num 7 --queue-bypass",
      "-A SIPEXPECTD -i wan0 -p tcp -m tcp --sport 5060 -j NFQUEUE --queue-num 7 --queue-bypass",
      "-A SIPEXPECTD -i wan0 -p udp -m udp --dport 5060:9999 -j NFQUEUE --queue-num 7 --queue-bypass",
      "-A SIPEXPECTD -i wan0 -p tcp -m tcp --dport 5060:9999 -j NFQUEUE --queue-num 7 --queue-bypass",
    ]);
  });

  test("apply queues IPv6 by the same rules", () => {
    apply();
    const ipv6 = gateway.exec([backend.replace("ip", "ip6"), "-t", "raw", "-S", "SIPEXPECTD"]);
    expect(ipv6.trim().split("\n").slice(1)).toEqual(rulesOf("SIPEXPECTD"));
  });

  test("the admin's raw rules keep their order and stand ahead of ours", () => {
    restore(ADMIN);
    const before = rulesOf("PREROUTING");
    apply();
    const after = rulesOf("PREROUTING");
    expect(after.slice(0, -1)).toEqual(before);
    expect(after.at(-1)).toMatch(/ -j SIPEXPECTD$/);
  });

  test("applying twice changes nothing", () => {
    restore(ADMIN);
    apply();
    const once = gateway.ruleset();
    expect(apply()).toContain("nothing changed");
    expect(gateway.ruleset()).toEqual(once);
  });

  test("applying twice keeps the counters of our rules", () => {
    apply();
    gateway.receive([[5060, 5060]]);
    apply();
    expect(countedPackets(gateway.exec([`${backend}-save`, "-c", "-t", "raw"]))).toBe(1);
  });

  test("applying with other parameters replaces ours and nothing else", () => {
    restore(ADMIN);
    apply();
    const jumps = rulesOf("PREROUTING");
    apply("--inside", "lan1", "--signalling-ports", "7000-7999", "--transport", "udp", "tcp", "--queue", "8");
    expect(rulesOf("PREROUTING")).toEqual(jumps);
    expect(rulesOf("SIPEXPECTD")).toHaveLength(10);
    expect(rulesOf("SIPEXPECTD").every((rule) => rule.includes("--queue-num 8 "))).toBe(true);
    expect(rulesOf("SIPEXPECTD")).toContain(
      "-A SIPEXPECTD -i wan0 -p tcp -m tcp --dport 7000:7999 -j NFQUEUE --queue-num 8 --queue-bypass",
    );
  });

  test("removing leaves an admin's ruleset byte for byte as it was", () => {
    restore(ADMIN);
    const before = gateway.ruleset();
    apply();
    apply("--queue", "9");
    expect(gateway.ruleset()).not.toEqual(before);
    expect(gateway.rules("remove", "--backend", backend)).toMatchObject({ status: 0, stderr: "" });
    expect(gateway.ruleset()).toEqual(before);
  });

  test("removing keeps what the admin has put into table raw meanwhile", () => {
    apply();
    gateway.exec([backend, "-t", "raw", "-I", "PREROUTING", "-i", "wan0", "-s", "10.0.0.0/8", "-j", "DROP"]);
    expect(gateway.rules("remove").status).toBe(0);
    expect(rulesOf("PREROUTING")).toEqual(["-A PREROUTING -s 10.0.0.0/8 -i wan0 -j DROP"]);
  });

  test("removing what is not there changes nothing", () => {
    restore(ADMIN);
    const before = gateway.ruleset();
    expect(gateway.rules("remove").stdout).toContain("No rules of sipexpectd are in place");
    expect(gateway.ruleset()).toEqual(before);
  });

  test("a jump that was added twice becomes one again", () => {
    apply();
    gateway.exec([backend, "-t", "raw", "-A", "PREROUTING", "-j", "SIPEXPECTD"]);
    apply();
    expect(rulesOf("PREROUTING")).toHaveLength(1);
  });

  test("a packet is queued once, however many of the rules it matches", () => {
    apply();
    gateway.receive([
      [5060, 5060],
      [5060, 40000],
      [5080, 9999],
      [5080, 40001],
    ]);
    expect(countedPackets(gateway.exec([`${backend}-save`, "-c", "-t", "raw"]))).toBe(3);
  });

  test("what print prints, the backend's own restore command takes", () => {
    const { status, stdout } = gateway.rules("print", ...flags);
    expect(status).toBe(0);
    restore(stdout, "--noflush");
    expect(apply()).toContain("nothing changed");
  });

  test("rules the kernel refuses leave the ruleset as it was", () => {
    restore(ADMIN);
    gateway.exec([backend, "-t", "raw", "-N", "SIPEXPECTD"]);
    gateway.exec([backend, "-t", "raw", "-A", "SPOOFED", "-g", "SIPEXPECTD"]);
    const before = gateway.ruleset();
    const { status, stderr } = gateway.rules("remove", "--backend", backend);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: .*-restore refused: .+\n$/);
    expect(gateway.ruleset()).toEqual(before);
  });
});

test("removing from an empty ruleset takes the table away that iptables-nft made for us", () => {
  const before = gateway.ruleset();
  gateway.rules("apply", "--backend", "iptables-nft", ...INTERFACES);
  expect(gateway.rules("remove")).toMatchObject({ status: 0, stderr: "" });
  expect(gateway.ruleset()).toEqual(before);
  expect(before.nft).toBe("");
});

test("removing takes away the base chain that iptables-nft made for us in the admin's table", () => {
  gateway.exec(["iptables-nft-restore"], ADMIN_OUTPUT_ONLY);
  const before = gateway.ruleset();
  gateway.rules("apply", "--backend", "iptables-nft", ...INTERFACES);
  expect(gateway.rules("remove")).toMatchObject({ status: 0, stderr: "" });
  expect(gateway.ruleset()).toEqual(before);
});

test("an empty table raw of the admin's stays", () => {
  gateway.exec(["nft", "-f", "-"], "table ip raw { }\n");
  const before = gateway.ruleset();
  gateway.rules("apply", "--backend", "iptables-nft", ...INTERFACES);
  gateway.rules("remove");
  expect(gateway.ruleset()).toEqual(before);
});

test("with ip_tables, which cannot take a table away, an empty table raw is all that stays", () => {
  gateway.rules("apply", "--backend", "iptables-legacy", ...INTERFACES);
  gateway.rules("remove");
  const emptyRaw = "*raw\n:PREROUTING ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
  expect(gateway.ruleset()).toEqual({
    nft: "",
    iptablesNft: "",
    iptablesLegacy: emptyRaw,
    ip6tablesLegacy: emptyRaw,
  });
});

test("applying with another backend moves the rules there, so that no packet is queued twice", () => {
  const empty = gateway.ruleset();
  gateway.rules("apply", "--backend", "iptables-nft", ...INTERFACES);
  const { stdout } = gateway.rules("apply", "--backend", "iptables-legacy", ...INTERFACES);
  expect(stdout).toContain("Rules removed with iptables (nf_tables)");
  expect(gateway.ruleset().nft).toBe(empty.nft);
  expect(gateway.ruleset().iptablesLegacy).toContain("-j SIPEXPECTD");
});

test("a table raw that iptables cannot read whole is left alone", () => {
  const native = "udp dport { 5060, 5070 } notrack";
  const chain = `chain PREROUTING {\ntype filter hook prerouting priority raw; policy accept;\n${native}\n}`;
  gateway.exec(["nft", "-f", "-"], `table ip raw {\n${chain}\n}\n`);
  const before = gateway.ruleset();
  const { status, stderr } = gateway.rules("apply", "--backend", "iptables-nft", ...INTERFACES);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr:
      "error: Table ip raw holds rules made by nft that iptables-nft cannot read, so it is left alone: use --backend nft.\n",
  });
  expect(gateway.ruleset()).toEqual(before);
});

/** Packets counted by the rules of our chain in the output of iptables-save -c. */
function countedPackets(saved: string): number {
  const counters = [...saved.matchAll(/^\[(\d+):\d+\] -A SIPEXPECTD /gm)];
  return counters.reduce((sum, match) => sum + Number(match[1]), 0);
}
