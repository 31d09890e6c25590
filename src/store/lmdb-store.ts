import { closeSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import type { TableRecord } from "../table/record.ts";
import { lockFolder } from "./folder-lock.ts";
import { startReader } from "./lmdb-reader-process.ts";
import { Writer } from "./lmdb-writer-process.ts";
import { parseRecord } from "./parse-record.ts";
import { readLines } from "./read-lines.ts";
import { setAside } from "./set-aside.ts";
import type { Change, Store } from "./store.ts";
import { StoreError } from "./store-error.ts";

/** Unreadable records that are logged each; the rest is only counted. */
const MOST_LOGGED = 3;

/**
 * Opens the store in a folder, which is made if need be, and locks it for this process.
 *
 * LMDB may kill its process (see lmdb-file.ts), so two processes beside the daemon do all of it: one reads the file
 * of the last daemon, one writes. The file read is never written again; a new one takes its place with settle(). A
 * damaged one is set aside as NAME.bad-<time> as soon as it has been read, and the records before the damage are
 * kept.
 *
 * @throws StoreError when the folder cannot be made or written, or another process has it
 */
export function openLmdbStore(folder: string, log: Logger): Store {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    const remedy = "make it, writable for the daemon, or name another with --store";
    throw StoreError.from(error, folder, "the store's folder cannot be made", remedy);
  }
  return new LmdbStore(folder, lockFolder(folder), log);
}

class LmdbStore implements Store {
  readonly #lock: number;
  readonly #log: Logger;
  /** What the next start reads. */
  readonly #path: string;
  /** What is written until it takes the place of that. */
  readonly #fresh: string;
  #writer: Writer | undefined;
  #state: "reading" | "begun" | "settled" = "reading";

  constructor(folder: string, lock: number, log: Logger) {
    this.#lock = lock;
    this.#log = log;
    this.#path = join(folder, "table.mdb");
    this.#fresh = join(folder, "table.new.mdb");
  }

  async *load(): AsyncGenerator<TableRecord> {
    if (!existsSync(this.#path)) return;
    const reader = startReader(this.#path);
    let [read, unreadable] = [0, 0];
    try {
      for await (const lines of readLines(reader.output)) {
        for (const line of lines) {
          const parsed = parseRecord(line);
          if (parsed.ok) {
            read++;
            yield parsed.record;
          } else if (++unreadable <= MOST_LOGGED) {
            const of = { path: this.#path, reason: parsed.reason };
            this.#log.warn(of, "store: a record cannot be read; it is left out");
          }
        }
      }
      const problem = await reader.problem;
      if (problem !== undefined) this.#setAside(problem, read);
    } finally {
      reader.kill();
    }
    if (unreadable > 0)
      this.#log.warn({ path: this.#path, read, unreadable }, "store: records were left out");
  }

  async write(changes: readonly Change[]): Promise<void> {
    const flat: string[] = [];
    for (const { key, record } of changes) flat.push(key, record === undefined ? "" : JSON.stringify(record));
    const writer = await this.#writing();
    await writer.ask({ op: "write", changes: flat });
  }

  async settle(): Promise<void> {
    if (this.#state === "settled") return;
    const writer = await this.#writing();
    await writer.ask({ op: "rename", from: this.#fresh, to: this.#path });
    this.#state = "settled";
  }

  async close(): Promise<void> {
    await this.#writer?.close();
    closeSync(this.#lock);
  }

  /** The writer, with its file open: begun at the first need, and resumed by another process if one has ended. */
  async #writing(): Promise<Writer> {
    if (this.#writer !== undefined && !this.#writer.ended) return this.#writer;
    // A writer may have ended between the rename and its answer.
    if (this.#state === "begun" && !existsSync(this.#fresh)) this.#state = "settled";
    const writer = new Writer(this.#path, this.#lock);
    try {
      if (this.#state === "settled") await writer.ask({ op: "resume", path: this.#path });
      else if (this.#state === "begun") await writer.ask({ op: "resume", path: this.#fresh });
      else await writer.ask({ op: "begin", path: this.#fresh });
    } catch (error) {
      await writer.close();
      throw error;
    }
    if (this.#state === "reading") this.#state = "begun";
    this.#writer = writer;
    return writer;
  }

  #setAside(problem: string, read: number): void {
    const path = this.#path;
    const of = { path, problem, read };
    try {
      const aside = setAside(path, Date.now());
      const remedy = "a fresh one is begun; the old one may be deleted";
      this.#log.error({ ...of, aside }, `store: cannot be read to its end; it is set aside, ${remedy}`);
    } catch (error) {
      this.#log.error(
        { ...of, err: error },
        "store: cannot be read to its end, nor be set aside; move it away",
      );
    }
  }
}
