import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Verbs } from "./kernel-agent.ts";
import type { Lab, Machine } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";

/** What a verb gives, in the form JSON brings it. */
type Answer<Verb extends keyof Verbs> = Awaited<ReturnType<Verbs[Verb]>>;

/** An error of the agent's process, with what a KernelError carries. */
export class AgentError extends Error {
  override readonly name = "AgentError";
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

/**
 * KernelAgent runs src/kernel/ in the network namespace of one of the lab's machines: a process can be in one
 * namespace only, and the tests are in the machine's own. It ends with its lab.
 */
export class KernelAgent {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, (reply: Reply) => void>();
  #last = 0;

  /** @param by a command that runs another with its arguments, such as setpriv(1) */
  constructor(lab: Lab, machine: Machine, by: readonly string[] = []) {
    const [command = "", ...args] = [...by, process.execPath, builtFile("test/lab/kernel-agent.ts")];
    this.#child = lab.spawn(machine, command, args, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#child;
    if (!stdout) throw new Error("the kernel agent was started without standard output");
    createInterface({ input: stdout }).on("line", (line) => this.#settle(JSON.parse(line) as Reply));
    this.#child.once("exit", (status, signal) => {
      for (const id of this.#open.keys()) {
        this.#settle({ id, error: { message: `the kernel agent ended: ${signal ?? `status ${status}`}` } });
      }
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Rejects with AgentError, carrying the errno name of a KernelError. */
  call<Verb extends keyof Verbs>(verb: Verb, ...args: Parameters<Verbs[Verb]>): Promise<Answer<Verb>> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#open.set(id, ({ result, error }) => {
        if (error) reject(new AgentError(error.message, error.code));
        else resolve(result as Answer<Verb>);
      });
      this.#child.stdin?.write(`${JSON.stringify({ id, verb, args })}\n`);
    });
  }

  /** Ends the process, and with it every socket and subscription it had. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }

  #settle(reply: Reply): void {
    const settle = this.#open.get(reply.id);
    this.#open.delete(reply.id);
    settle?.(reply);
  }
}

interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string; readonly code?: string };
}
