import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Lab, Machine } from "../../lab/namespaces.ts";

/** Program is a compiled program at work on a machine of the lab, read line by line. */
export class Program {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(lab: Lab, machine: Machine, path: string, args: readonly string[]) {
    this.#child = lab.spawn(machine, path, args, { stdio: ["ignore", "pipe", "inherit"] });
    if (!this.#child.stdout) throw new Error(`${path} has no standard output.`);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line it writes; rejects when it has ended. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("A program of the benchmark ended early.");
    return value;
  }

  /** Asks it to end (SIGTERM). */
  stop(): void {
    this.#child.kill("SIGTERM");
  }
}
