import { spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { StoreError } from "./store-error.ts";

/** A file that is read for longer is damaged: pages of it lead back to earlier ones. */
const READ_MS = 10_000;
/** What LMDB dies of when its pages lead nowhere. */
const CRASHES: ReadonlySet<string> = new Set(["SIGSEGV", "SIGBUS", "SIGABRT", "SIGILL", "SIGFPE", "SIGTRAP"]);
/** How lmdb-reader.ts ends when it got an error of the file. */
const UNREADABLE = 2;

/** The process that reads a file (see lmdb-reader.ts). */
export interface Reader {
  /** Records, each a line of JSON. */
  readonly output: Readable;
  /**
   * What is wrong with the file, undefined when it was read to its end. Rejects with StoreError when it is not the
   * file's fault that it was not read.
   */
  readonly problem: Promise<string | undefined>;
  /** Ends it, when nobody wants the rest. */
  kill(): void;
}

/** Starts to read an LMDB file. */
export function startReader(path: string): Reader {
  const program = fileURLToPath(new URL("./lmdb-reader.js", import.meta.url));
  // In a process group of its own, it is not interrupted from the terminal in place of the daemon.
  const child = spawn(process.execPath, [program, path], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let late = false;
  const timer = setTimeout(() => {
    late = child.kill("SIGKILL");
  }, READ_MS);
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  const problem = new Promise<string | undefined>((resolve, reject) => {
    const fail = (cause: Error): void => {
      const remedy = "free memory and processes, or see that the installation is whole";
      reject(
        StoreError.from(cause, path, `the process that reads the store failed: ${cause.message}`, remedy),
      );
    };
    child.on("error", fail);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (late) resolve("reading it does not end");
      else if (code === 0) resolve(undefined);
      else if (code === UNREADABLE) resolve(complaint);
      else if (signal !== null && CRASHES.has(signal)) resolve(`LMDB ended with ${signal}`);
      else fail(new Error(signal ?? complaint));
    });
  });
  // It is awaited once the output has ended, and may reject before.
  problem.catch(() => {});
  return { output: child.stdout, problem, kill: () => child.kill("SIGKILL") };
}
