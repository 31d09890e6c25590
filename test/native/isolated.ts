import { execFile, execFileSync } from "node:child_process";
import { builtFile } from "../lab/package-root.ts";
import { QUEUED_PORTS } from "./open-queue.ts";

/** How a program ended. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: string | null;
  /** What it wrote to its standard error. */
  readonly said: string;
}

/** How it ends when all is well: by itself, with status 0, and nothing to say. */
export const WELL: Outcome = { status: 0, signal: null, said: "" };

let namespaces = 0;

/**
 * Plays one scenario of a program in test/native/ in a network namespace of its own, where datagrams to
 * QUEUED_PORTS on loopback are queued at raw PREROUTING.
 *
 * @param program the file's name: "queue-scenarios"
 * @param wrap a command to run node under: ["setpriv", "--bounding-set", "-all"]
 * @param nodeArguments options of node itself: "--expose-gc"
 */
export async function playIsolated(
  program: string,
  scenario: string,
  { wrap = [], nodeArguments = [] }: { wrap?: readonly string[]; nodeArguments?: readonly string[] } = {},
): Promise<Outcome> {
  // Named as the lab names its own, whose next run removes what a killed one left behind.
  const name = `sipx-${process.pid}-native${namespaces++}`;
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "pipe", "pipe"] });
  ip("netns", "add", name);
  try {
    ip("-n", name, "link", "set", "lo", "up");
    const rules = Object.entries(QUEUED_PORTS).map(
      ([port, queue]) => `-A PREROUTING -p udp --dport ${port} -j NFQUEUE --queue-num ${queue}`,
    );
    const input = `*raw\n${rules.join("\n")}\nCOMMIT\n`;
    execFileSync("ip", ["netns", "exec", name, "iptables-restore"], {
      input,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const node = [process.execPath, ...nodeArguments, builtFile(`test/native/${program}.ts`), scenario];
    return await run("ip", ["netns", "exec", name, ...wrap, ...node]);
  } finally {
    ip("netns", "del", name);
  }
}

function run(command: string, args: readonly string[]): Promise<Outcome> {
  // native/sanitize.sh preloads AddressSanitizer into node alone.
  const preload = process.env.SIPEXPECTD_PRELOAD;
  const env = preload === undefined ? process.env : { ...process.env, LD_PRELOAD: preload };
  return new Promise((resolve) => {
    const options = { env, timeout: 60_000, killSignal: "SIGKILL" } as const;
    execFile(command, args, options, (error, _out, said) => {
      if (error === null) return resolve({ status: 0, signal: null, said });
      const status = typeof error.code === "number" ? error.code : null;
      resolve({ status, signal: error.signal ?? null, said: said || error.message });
    });
  });
}
