import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { builtFile } from "./package-root.ts";
import { RulesGateway } from "./rules-gateway.ts";

const APPLY = ["apply", "--backend", "iptables-nft", "--inside", "lan0", "--outside", "wan0"];

let gateway: RulesGateway;
let folder: string;
beforeEach(() => {
  gateway = new RulesGateway();
  folder = mkdtempSync(join(tmpdir(), "sipexpectd-rules-"));
});
afterEach(() => {
  gateway.dispose();
  rmSync(folder, { recursive: true });
});

test("nothing is warned of on a gateway without the kernel's helper", () => {
  // The FTP helper is not ours to speak of, and matching a helper attaches none.
  gateway.exec(["iptables-nft", "-t", "raw", "-A", "PREROUTING", "-p", "tcp", "-j", "CT", "--helper", "ftp"]);
  gateway.exec(["iptables-nft", "-A", "FORWARD", "-m", "helper", "--helper", "sip", "-j", "ACCEPT"]);
  expect(gateway.rules(...APPLY)).toMatchObject({ status: 0, stderr: "" });
});

const COMMANDS = ["iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"];

test.each(COMMANDS)("a CT --helper sip rule of %s is warned of", (iptables) => {
  const rule = ["PREROUTING", "-p", "udp", "-m", "udp", "--dport", "5060", "-j", "CT", "--helper", "sip"];
  gateway.exec([iptables, "-t", "raw", "-A", ...rule]);
  expect(gateway.rules(...APPLY)).toMatchObject({
    status: 0,
    stderr: `warning: The kernel's own SIP helper is attached by an iptables rule; remove it: ${iptables} -t raw -D ${rule.join(" ")}\n`,
  });
});

test("a ct helper object of type sip is warned of", () => {
  const helper = 'ct helper phones {\ntype "sip" protocol udp\n}';
  gateway.exec(["nft", "-f", "-"], `table inet office {\n${helper}\n}\n`);
  expect(gateway.rules(...APPLY)).toMatchObject({
    status: 0,
    stderr:
      'warning: The kernel\'s own SIP helper is attached by the nft object "ct helper inet office phones";' +
      " remove the rules that set it.\n",
  });
});

test("an interface that does not exist is warned of, and its rules are applied", () => {
  const { status, stderr } = gateway.rules(...APPLY, "--inside", "lan0", "ppp9");
  expect({ status, stderr }).toEqual({
    status: 0,
    stderr:
      'warning: There is no interface "ppp9" now; its rules match as soon as there is one. "ip link" lists them.\n',
  });
  expect(gateway.ruleset().iptablesNft).toContain("-i ppp9 ");
});

test("parameters may come from the daemon's configuration file, and flags win over it", () => {
  const file = join(folder, "gateway.toml");
  writeFileSync(
    file,
    'inside = ["lan0", "lan1"]\noutside = "wan0"\nqueue = 11\n[ports]\nsignalling = "6000-6999"\n',
  );
  const { status, stdout } = gateway.rules(
    "print",
    "--backend",
    "iptables-nft",
    "--config",
    file,
    "--queue",
    "12",
  );
  expect(status).toBe(0);
  expect(stdout.match(/^-A SIPEXPECTD .*/gm)).toEqual([
    "-A SIPEXPECTD -i lan0 -p udp -m udp --dport 5060 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i lan0 -p tcp -m tcp --dport 5060 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i lan1 -p udp -m udp --dport 5060 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i lan1 -p tcp -m tcp --dport 5060 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i lan0 -p tcp -m tcp --sport 6000:6999 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i lan1 -p tcp -m tcp --sport 6000:6999 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i wan0 -p udp -m udp --sport 5060 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i wan0 -p tcp -m tcp --sport 5060 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i wan0 -p udp -m udp --dport 6000:6999 -j NFQUEUE --queue-num 12 --queue-bypass",
    "-A SIPEXPECTD -i wan0 -p tcp -m tcp --dport 6000:6999 -j NFQUEUE --queue-num 12 --queue-bypass",
  ]);
});

test.each([
  [["print", "--inside", "lan0"], "--outside wan0"],
  [["print", "--outside", "wan0"], "--inside lan0"],
  [["print", "--inside", "lan0", "--outside", "lan0"], '"lan0" is given as inside and as outside'],
  [["print", "--inside", "lan+", "--outside", "wan0"], '"lan+" is not an interface name'],
  [
    ["print", "--inside", "a-name-of-16-chr", "--outside", "wan0"],
    '"a-name-of-16-chr" is not an interface name',
  ],
  [["print", "--queue", "65536"], '"65536" is not a queue number'],
  [["print", "--signalling-ports", "9999-5060"], "put the smaller port first, 5060-9999"],
  [["print", "--transport", "sctp"], '"sctp" is not a transport'],
  [["print", "--backend", "pf"], "iptables, iptables-nft, iptables-legacy, nft"],
  [["print", "--config", "/nowhere.toml"], "/nowhere.toml cannot be read"],
])("%j ends with one line that names the value and the remedy", (args, words) => {
  const { status, stdout, stderr } = gateway.rules(...args);
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain(words);
  // Behind a flag that cannot be read, commander points to --help in a line of its own.
  expect(stderr).toMatch(/^error: .+\n(\(.*--help.*\)\n)?$/);
});

test("without root, apply and remove say so and change nothing", () => {
  // Nobody may read everything here, since the checkout may lie in a folder of root's.
  const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const reader = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"];
  for (const verb of ["apply", "remove"]) {
    const command = [process.execPath, builtFile("src/cli/main.ts"), "rules", verb];
    const args = [...nobody, ...reader, ...command, "--inside", "lan0", "--outside", "wan0"];
    const { status, stderr } = spawnSync("setpriv", args, { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `error: rules ${verb} changes the firewall and must run as root, not as uid 65534: use sudo.\n`,
    });
  }
});

test("without the backend's command, the package that brings it is named", () => {
  // A mount namespace in which the sbin folders are empty stands for a machine without iptables.
  symlinkSync(process.execPath, join(folder, "node"));
  const hide = "mount --bind $0 /usr/sbin && (test -L /sbin || mount --bind $0 /sbin) && exec $0/node $@";
  const args = ["--mount", "sh", "-c", hide, folder, builtFile("src/cli/main.ts"), "rules", ...APPLY];
  const { status, stderr } = spawnSync("unshare", args, { encoding: "utf8" });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: "error: iptables-nft is not installed: apt install iptables, or choose another --backend.\n",
  });
});
