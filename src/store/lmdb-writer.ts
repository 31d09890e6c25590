/**
 * The program that writes an LMDB file, told by the daemon over Node's IPC channel, as a process that can be spared
 * (see lmdb-file.ts). Killing the daemon ends it, once it has written what it was told.
 */
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { dirname } from "node:path";
import type { RootDatabase } from "lmdb";
import { FORMAT, FORMAT_KEY, openFile } from "./lmdb-file.ts";

/** What it is asked, one after another. Each is done wholly or not at all. */
export type WriterRequest =
  /** To begin an empty file, in place of what is there. */
  | { readonly op: "begin"; readonly path: string }
  /** To go on with a file that an earlier process has begun. */
  | { readonly op: "resume"; readonly path: string }
  /** Keys, each followed by its JSON; "" removes it. */
  | { readonly op: "write"; readonly changes: readonly string[] }
  /** To give the file its other name, in place of what has it. */
  | { readonly op: "rename"; readonly from: string; readonly to: string };

/** What it answers to each. */
export type WriterAnswer =
  | { readonly ok: true }
  | { readonly ok: false; readonly code: string; readonly problem: string };

let file: RootDatabase<Buffer, Uint8Array> | undefined;

function begin(path: string): void {
  for (const old of [path, `${path}-lock`]) rmSync(old, { force: true });
  const made = openFile(path, false);
  made.putSync(FORMAT_KEY, Buffer.from(FORMAT));
  file = made;
}

function write(changes: readonly string[]): void {
  const into = file;
  if (into === undefined) throw new Error("no file was begun");
  into.transactionSync(() => {
    for (let at = 0; at < changes.length; at += 2) {
      const key = Buffer.from(changes[at] ?? "");
      const json = changes[at + 1] ?? "";
      if (json === "") into.removeSync(key);
      else into.putSync(key, Buffer.from(json));
    }
  });
}

function rename(from: string, to: string): void {
  // A writer may have ended between the rename and its answer.
  if (existsSync(from)) renameSync(from, to);
  // A rename survives a power cut once its folder is on the disk.
  const folder = openSync(dirname(to), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function serve(request: WriterRequest): void {
  switch (request.op) {
    case "begin":
      begin(request.path);
      break;
    case "resume":
      // LMDB would make it.
      statSync(request.path);
      file = openFile(request.path, false);
      break;
    case "write":
      write(request.changes);
      break;
    case "rename":
      rename(request.from, request.to);
      break;
  }
}

function answer(given: WriterAnswer): void {
  // When the daemon is gone, nobody waits for it.
  if (process.connected) process.send?.(given, undefined, undefined, () => {});
}

process.on("message", (request: WriterRequest) => {
  try {
    serve(request);
    answer({ ok: true });
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    // LMDB's own codes are numbers, of which Node knows no name.
    const code =
      error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "EIO";
    answer({ ok: false, code, problem });
  }
});

// What waits to be written can wait longer than a packet.
setPriority(constants.priority.PRIORITY_LOW);

// Who called whom is nobody else's business, whatever the mode of a folder that was there before.
process.umask(0o077);

// A terminal and systemd send these to all processes at once, and the daemon has its last changes to write then.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
process.on("disconnect", () => process.exit());
