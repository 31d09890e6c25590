import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import type { Lab, Machine } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";

/** Program is one of the programs of this folder at work on a machine, spoken with line by line. */
export class Program {
  readonly #file: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  /** Starts `file`, such as "many-calls.ts"; it is killed when the lab is disposed of. */
  constructor(lab: Lab, machine: Machine, file: string, args: readonly string[]) {
    this.#file = file;
    const command = [builtFile(`test/lab/${file}`), ...args];
    this.#child = lab.spawn(machine, process.execPath, command, { stdio: ["pipe", "pipe", "inherit"] });
    if (!this.#child.stdout) throw new Error(`${file} has no standard output.`);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The next line it writes; rejects when it has ended. */
  async line(): Promise<string> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#file} ended early.`);
    return value;
  }

  /** Writes a line to its standard input. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }
}
