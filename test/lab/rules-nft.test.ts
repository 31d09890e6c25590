import { afterEach, beforeEach, expect, test } from "vitest";
import { RulesGateway } from "./rules-gateway.ts";

const FLAGS = ["--backend", "nft", "--inside", "lan0", "--outside", "wan0", "--queue", "7"];

const ADMIN = `table inet gateway {
	chain raw {
		type filter hook prerouting priority raw; policy accept;
		iifname "wan0" ip saddr 10.0.0.0/8 counter drop
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established,related accept
		iifname "lan0" oifname "wan0" accept
	}
}
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		oifname "wan0" masquerade
	}
}
`;

let gateway: RulesGateway;
beforeEach(() => {
  gateway = new RulesGateway();
});
afterEach(() => gateway.dispose());

/**
 * Applies what `rules print` prints by nft itself, with "accept" in place of the queue statement, which is not
 * in every kernel: what is tested is how the rules match, and how the transaction meets an existing table.
 */
function applyAccepting(...args: string[]): void {
  const { status, stdout } = gateway.rules("print", ...FLAGS, ...args);
  expect(status).toBe(0);
  gateway.exec(["nft", "-f", "-"], stdout.replaceAll(/queue num \d+ bypass/g, "accept"));
}

test("the rules name the queue and let packets pass when nobody reads it", () => {
  const { stdout } = gateway.rules("print", ...FLAGS);
  const rules = stdout.split("\n").filter((line) => line.includes("queue num"));
  expect(rules.map((rule) => rule.trim())).toEqual([
    'iifname "lan0" udp dport 5060 counter name "outbound" queue num 7 bypass',
    'iifname "lan0" tcp dport 5060 counter name "outbound" queue num 7 bypass',
    'iifname "lan0" tcp sport 5060-9999 counter name "outbound" queue num 7 bypass',
    'iifname "wan0" udp sport 5060 counter name "inbound" queue num 7 bypass',
    'iifname "wan0" tcp sport 5060 counter name "inbound" queue num 7 bypass',
    'iifname "wan0" udp dport 5060-9999 counter name "inbound" queue num 7 bypass',
    'iifname "wan0" tcp dport 5060-9999 counter name "inbound" queue num 7 bypass',
  ]);
});

test("apply takes effect whole, or says that the kernel has no queue statement and changes nothing", () => {
  gateway.exec(["nft", "-f", "-"], ADMIN);
  const before = gateway.ruleset();
  const { status, stderr } = gateway.rules("apply", ...FLAGS);
  if (status === 0) {
    const applied = gateway.ruleset();
    expect(applied.nft.match(/queue (num|flags bypass to) 7/g)).toHaveLength(7);
    expect(gateway.rules("apply", ...FLAGS).stdout).toContain("nothing changed");
    expect(gateway.ruleset()).toEqual(applied);
    gateway.rules("remove");
  } else {
    expect(stderr).toBe(
      'error: nft refused the rules: this kernel has no "queue" statement (nft_queue);' +
        " run modprobe nft_queue, or use --backend iptables.\n",
    );
  }
  expect(gateway.ruleset()).toEqual(before);
});

test("applying twice changes neither rules nor counters", () => {
  gateway.exec(["nft", "-f", "-"], ADMIN);
  applyAccepting();
  gateway.receive([[5060, 5060]]);
  const once = gateway.ruleset();
  expect(once.nft).toContain("packets 1 ");
  applyAccepting();
  expect(gateway.ruleset()).toEqual(once);
});

test("applying with other parameters replaces ours and nothing else", () => {
  gateway.exec(["nft", "-f", "-"], ADMIN);
  const admin = gateway.ruleset().nft;
  applyAccepting();
  applyAccepting("--inside", "lan1", "--signalling-ports", "7000-7999");
  const replaced = gateway.ruleset().nft;
  expect(replaced.startsWith(admin)).toBe(true);
  expect(replaced).toContain('iifname "lan1" udp dport 5060 ');
  expect(replaced).toContain("dport 7000-7999 ");
  expect(replaced).not.toContain("dport 5060-9999");
});

test.each(["", ADMIN])("removing leaves the ruleset byte for byte as it was", (admin) => {
  gateway.exec(["nft", "-f", "-"], admin);
  const before = gateway.ruleset();
  applyAccepting();
  expect(gateway.ruleset()).not.toEqual(before);
  expect(gateway.rules("remove")).toMatchObject({ status: 0, stderr: "" });
  expect(gateway.ruleset()).toEqual(before);
});

test("a packet is counted once, however many of the rules it matches, and the admin's drop comes first", () => {
  gateway.exec(["nft", "-f", "-"], ADMIN.replace("10.0.0.0/8", "203.0.113.2 udp dport 5061"));
  applyAccepting();
  gateway.receive([
    [5060, 5060],
    [5060, 40000],
    [5080, 9999],
    [5080, 40001],
    [5060, 5061],
  ]);
  const inbound = gateway.exec(["nft", "list", "counter", "inet", "sipexpectd", "inbound"]);
  expect(inbound).toContain("packets 3 ");
});
