/**
 * Measures the queue, alone, on loopback in a namespace of its own: packets a second that the addon decides, beside
 * those of a C loop that reads one packet at a time. Run as root, on a quiet machine: node dist/test/bench/queue.js
 *
 * The sender competes for the same processors, so only the ratios of one run mean anything.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile, packageRoot } from "../lab/package-root.ts";

const [PORT, QUEUE, SECONDS, ROUNDS] = [5999, 5, 2, 3];

const folder = mkdtempSync(join(tmpdir(), "sipexpectd-bench-"));
const namespace = `sipx-${process.pid}-bench`;
const run = (command: string, ...args: string[]) => execFileSync(command, args, { encoding: "utf8" });
const inside = (...args: string[]) => run("ip", "netns", "exec", namespace, ...args);

try {
  const loop = join(folder, "queue-loop");
  run("gcc", "-O2", "-Wall", "-o", loop, join(packageRoot(), "test/bench/queue-loop.c"));
  run("ip", "netns", "add", namespace);
  run("ip", "-n", namespace, "link", "set", "lo", "up");
  inside(
    ..."iptables -t raw -A PREROUTING -p udp --dport".split(" "),
    `${PORT}`,
    "-j",
    "NFQUEUE",
    "--queue-num",
    `${QUEUE}`,
  );
  // What was accepted has done its part; nobody listens.
  inside(..."iptables -t mangle -A PREROUTING -p udp -j DROP".split(" "));

  /** Packets a second that `command` decides while datagrams come faster than it can read. */
  const measure = (...command: string[]): number => {
    const sender = [namespace, loop, "send", `${PORT}`, `${SECONDS + 2}`];
    const sending = spawn("ip", ["netns", "exec", ...sender], { stdio: "ignore" });
    const decided = Number(inside(...command)) / SECONDS;
    sending.kill("SIGKILL");
    return decided;
  };
  for (const mode of ["accept", "payload"]) {
    const best = { c: 0, addon: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      best.c = Math.max(best.c, measure(loop, mode, `${QUEUE}`, `${SECONDS}`));
      const reader = [process.execPath, builtFile("test/bench/queue-reader.ts"), mode, `${SECONDS}`];
      best.addon = Math.max(best.addon, measure(...reader));
    }
    const [c, addon] = [best.c, best.addon].map((rate) => `${(rate / 1000).toFixed(0)} k/s`.padStart(9));
    const ratio = (best.addon / best.c).toFixed(2);
    process.stdout.write(`${mode.padEnd(8)} C loop ${c}   addon ${addon}   ratio ${ratio}\n`);
  }
} finally {
  run("ip", "netns", "del", namespace);
  rmSync(folder, { recursive: true });
}
