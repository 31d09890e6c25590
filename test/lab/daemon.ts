import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { IptablesBackend } from "../../src/rules/iptables.ts";
import { INSIDE_INTERFACE, type Lab, OUTSIDE_INTERFACE } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";

/** The NFQUEUE number of every lab; queues belong to their namespace, so labs do not meet. */
export const QUEUE = 5060;
/** Milliseconds the daemon may take to bind its queue, or to stop. */
const PATIENCE = 15_000;

/** One line of the daemon's log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [key: string]: unknown;
}

/** The part of the daemon's statistics that the lab reads. */
export interface DaemonStats {
  readonly bindings: number;
  /** Calls and streams in its table, ended ones that still linger included. */
  readonly calls: number;
  readonly streams: number;
  /** Changes of the table that are not in the store yet; null without a store. */
  readonly store: { readonly waiting: number } | null;
  /** Slots of the kernel's expectation table, and how many components wait for some. */
  readonly slots: { readonly used: number; readonly waiting: number };
  /** Packets the kernel dropped because the queue, or its reader's buffer, was full. */
  readonly queue: { readonly dropped: number };
  readonly counters: {
    /** UDP packets and messages of TCP connections that were changed. */
    readonly translated: number;
    /** Packets that passed as they came, by reason. */
    readonly passed: Readonly<Record<string, number>>;
    /** Messages that passed as they came because a place could not be translated, by reason. */
    readonly skipped: Readonly<Record<string, number>>;
    /** Calls ended, by reason. */
    readonly ended: Readonly<Record<string, number>>;
    /** Media conntracks that led elsewhere, and were taken out for that. */
    readonly strayRemoved: number;
    /** Expectations put into the kernel. */
    readonly armed: number;
    /** Times the kernel did not take all expectations of a component, by what that means. */
    readonly armFailed: Readonly<Record<string, number>>;
  };
}

/** Daemon is sipexpectd itself, with its rules, on the lab's gateway. */
export class Daemon {
  /** Its log so far, oldest line first. */
  readonly log: LogLine[] = [];
  readonly #lab: Lab;
  readonly #child: ChildProcess;
  readonly #ended: Promise<string>;
  #complaints = "";
  readonly #listeners = new Set<(line: LogLine) => void>();

  /**
   * Applies the rules and starts `sipexpectd run`.
   *
   * @param args more flags for `run`
   * @returns once the daemon has said that its queue is bound
   * Rejects, with the end of its log, when it ends before or takes longer than 15 seconds.
   */
  static async start(lab: Lab, args: readonly string[] = []): Promise<Daemon> {
    await applyRules(lab);
    return Daemon.restart(lab, args);
  }

  /** Starts `sipexpectd run` where the rules are in place already. */
  static async restart(lab: Lab, args: readonly string[] = []): Promise<Daemon> {
    const daemon = new Daemon(lab, args);
    await daemon.next((line) => line.msg === "ready");
    return daemon;
  }

  private constructor(lab: Lab, args: readonly string[]) {
    this.#lab = lab;
    const interfaces = ["--inside", INSIDE_INTERFACE, "--outside", OUTSIDE_INTERFACE];
    const files = ["--socket", this.socketPath, "--store", join(lab.directory, "store")];
    const main = builtFile("src/cli/main.ts");
    const flags = ["run", ...interfaces, "--queue", String(QUEUE), ...files, ...args];
    this.#child = lab.spawn("gw", process.execPath, [main, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
    const { stdout, stderr } = this.#child;
    if (!stdout || !stderr) throw new Error("sipexpectd was started without standard output and error.");
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#complaints += text;
    });
    createInterface({ input: stdout }).on("line", (line) => this.#receive(JSON.parse(line) as LogLine));
    this.#ended = new Promise((resolve) => {
      this.#child.once("close", (status, signal) => resolve(signal ?? `status ${status}`));
    });
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Its Unix socket. */
  get socketPath(): string {
    return join(this.#lab.directory, "sipexpectd.sock");
  }

  /** What it answers to GET /stats on its socket. */
  async stats(): Promise<DaemonStats> {
    const get = request({ socketPath: this.socketPath, path: "/stats" }).end();
    const [response] = (await once(get, "response")) as [IncomingMessage];
    return JSON.parse(await text(response)) as DaemonStats;
  }

  /**
   * The next line of its log that matches.
   *
   * Rejects, with the end of the log, when the daemon ends first or 15 seconds pass.
   */
  next(matches: (line: LogLine) => boolean): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#listeners.delete(listener);
      };
      const listener = (line: LogLine) => {
        if (!matches(line)) return;
        settle();
        resolve(line);
      };
      const fail = (why: string) => {
        settle();
        const log = this.log.slice(-20).map((line) => JSON.stringify(line));
        reject(
          new Error(
            [`sipexpectd did not log what was waited for (${why}):`, ...log, this.#complaints].join("\n"),
          ),
        );
      };
      const timer = setTimeout(fail, PATIENCE, "15 seconds passed");
      this.#listeners.add(listener);
      void this.#ended.then((how) => fail(`it ended: ${how}`));
    });
  }

  /** Ends it, by SIGTERM unless another signal is named, and waits for that. Returns its exit status or signal. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<string> {
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE);
    const how = await this.#ended;
    clearTimeout(timer);
    return how;
  }

  #receive(line: LogLine): void {
    this.log.push(line);
    for (const listener of this.#listeners) listener(line);
  }
}

/** The labs that have the rules. */
const withRules = new WeakSet<Lab>();
let isFirst = true;

/**
 * Applies the rules with `sipexpectd rules apply` in the first lab of a process. The others start out alike, and what
 * `rules print` would print is restored there: a quarter of the time, where a file builds a lab for each of its tests.
 */
async function applyRules(lab: Lab): Promise<void> {
  if (isFirst || withRules.has(lab)) {
    isFirst = false;
    await rules(lab, "apply");
  } else {
    const file = join(lab.directory, "iptables.rules");
    await writeFile(file, printedRules());
    for (const restore of ["iptables-restore", "ip6tables-restore"]) {
      await lab.exec("gw", restore, "--noflush", "-w", "10", file);
    }
  }
  withRules.add(lab);
}

/** What `rules print` prints for the lab's gateway; all but its interfaces and queue are defaults. */
function printedRules(): string {
  return IptablesBackend.open("iptables").render({
    inside: [INSIDE_INTERFACE],
    outside: [OUTSIDE_INTERFACE],
    transports: ["udp", "tcp"],
    queue: QUEUE,
    signallingPorts: { first: 5060, last: 9999 },
  });
}

/** Runs `sipexpectd rules <verb>` on the gateway. */
export async function rules(lab: Lab, verb: "apply" | "remove"): Promise<void> {
  const interfaces = ["--inside", INSIDE_INTERFACE, "--outside", OUTSIDE_INTERFACE];
  const flags = [...interfaces, "--backend", "iptables", "--queue", String(QUEUE)];
  await lab.exec("gw", process.execPath, builtFile("src/cli/main.ts"), "rules", verb, ...flags);
}
