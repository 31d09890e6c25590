import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { WriterAnswer, WriterRequest } from "./lmdb-writer.ts";
import { StoreError } from "./store-error.ts";

/**
 * It collects garbage and compiles on its one thread, whose priority it lowers: threads beside it would take every
 * processor from the packets for milliseconds.
 */
const ALONE = ["--single-threaded", "--v8-pool-size=0"];

interface Asked {
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** The process that writes a file (see lmdb-writer.ts). When it has ended, each request is refused. */
export class Writer {
  readonly #path: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  /** What it has not answered yet, in the order it was asked. */
  readonly #asked: Asked[] = [];
  #ended: string | undefined;

  /**
   * @param path what its errors name
   * @param lock descriptor of the folder's lock, which so outlasts it
   */
  constructor(path: string, lock: number) {
    this.#path = path;
    const program = fileURLToPath(new URL("./lmdb-writer.js", import.meta.url));
    this.#process = spawn(process.execPath, [...ALONE, program], {
      stdio: ["ignore", "ignore", "ignore", lock, "ipc"],
      serialization: "advanced",
    });
    // Node emits no "close" for a process with both a channel and a descriptor of ours.
    this.#exited = once(this.#process, "exit").catch(() => {});
    this.#process.on("message", (answer: WriterAnswer) => this.#answered(answer));
    this.#process.on("error", (error) => this.#end(error.message));
    this.#process.on("exit", (code, signal) => this.#end(`its process ended with ${signal ?? code}`));
  }

  /** Whether it has ended, other than by close(). */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Resolves when it is done. Rejects with StoreError. */
  ask(request: WriterRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#failure("EPIPE", this.#ended));
        return;
      }
      this.#asked.push({ resolve, reject });
      // What cannot be sent is refused when the process has ended.
      this.#process.send(request, () => {});
    });
  }

  /** Ends it, after what it was asked before. */
  async close(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect();
    await this.#exited;
  }

  #answered(answer: WriterAnswer): void {
    const asked = this.#asked.shift();
    if (answer.ok) asked?.resolve();
    else asked?.reject(this.#failure(answer.code, answer.problem));
  }

  #end(problem: string): void {
    this.#ended ??= problem;
    for (const { reject } of this.#asked.splice(0)) reject(this.#failure("EPIPE", this.#ended));
  }

  #failure(code: string, problem: string): StoreError {
    const remedy = "see that its disk has space and takes writes";
    return new StoreError(this.#path, code, `cannot be written: ${problem}`, remedy);
  }
}
