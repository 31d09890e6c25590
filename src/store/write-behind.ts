import type { Logger } from "pino";
import type { Change, Store } from "./store.ts";

/** Reads what has become of a thing as it is now. It must not throw. */
export type ChangeReader = () => Change;

/** Records read in one turn of the event loop: some 2 ms of work at most. */
const BATCH = 256;
/** Between the first change and its writing, so that changes which follow at once cost no more. */
const DELAY_MS = 100;
const RETRY_MS = 5000;
const LOG_MS = 60_000;

/** What has been written and what waits. */
export interface WriteBehindStatistics {
  /** Things that have changed since they were last written. */
  readonly waiting: number;
  /** Records written and removed since the start. */
  readonly written: number;
  /** Batches that could not be written; none of their changes is lost, as all are tried again. */
  readonly failures: number;
  /** How long the oldest change has been waiting, in milliseconds. */
  readonly lag: number;
}

interface Waiting {
  read: ChangeReader;
  since: number;
  /** It has changed again while it was being written. */
  again: boolean;
}

/**
 * WriteBehind writes to a store what has changed, later and in batches.
 *
 * Of a change only what has changed is noted, so that however often that is it is read and written once, and that a
 * store which cannot be written costs little memory for each thing in the table.
 */
export class WriteBehind {
  readonly #store: Store;
  readonly #log: Logger;
  /** By what has changed, those that have waited longest first. */
  readonly #waiting = new Map<unknown, Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #draining: Promise<void> | undefined;
  #settle = false;
  #closed = false;
  #written = 0;
  #failures = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** Notes that `what` has changed, whatever that is; `read` is called when it is written, not before. */
  note(what: unknown, read: ChangeReader): void {
    if (this.#closed) return;
    const waiting = this.#waiting.get(what);
    if (waiting === undefined) {
      this.#waiting.set(what, { read, since: performance.now(), again: false });
      this.#schedule(DELAY_MS);
    } else {
      waiting.read = read;
      waiting.again = true;
    }
  }

  /** The store need not hear of `what` any more: a change of it that waits is not written. */
  forget(what: unknown): void {
    this.#waiting.delete(what);
  }

  /**
   * To be called once every record that is kept of what the store had has been noted: when they have been written,
   * however often that must be tried, the store forgets the rest (see Store.settle).
   */
  settle(): void {
    this.#settle = true;
    this.#schedule(DELAY_MS);
  }

  /** Resolves when all that was noted before would survive a power cut. Rejects with StoreError. */
  async flush(): Promise<void> {
    // What the drain that is under way has already read may have changed since.
    await this.#draining?.catch(() => {});
    await this.#drain();
  }

  /** Writes what waits, if it can be written, and closes the store. Nothing noted later is written. */
  async close(): Promise<void> {
    this.#closed = true;
    try {
      await this.flush();
    } catch (error) {
      this.#log.error(
        { err: error, lost: this.#waiting.size },
        "store: the last changes could not be written",
      );
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#store.close();
  }

  get statistics(): WriteBehindStatistics {
    const [oldest] = this.#waiting.values();
    return {
      waiting: this.#waiting.size,
      written: this.#written,
      failures: this.#failures,
      lag: oldest === undefined ? 0 : performance.now() - oldest.since,
    };
  }

  #schedule(delay: number): void {
    if (this.#timer !== undefined || this.#draining !== undefined || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      // It has been logged, and is tried again.
      this.#drain().catch(() => {});
    }, delay).unref();
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#writeAll().then(
      () => {
        this.#draining = undefined;
        if (this.#waiting.size > 0) this.#schedule(DELAY_MS);
      },
      (error: unknown) => {
        this.#draining = undefined;
        this.#failed(error);
        this.#schedule(RETRY_MS);
        throw error;
      },
    );
    return this.#draining;
  }

  /** Writes all that waits now; what is noted meanwhile is left for the next time, or this would never end. */
  async #writeAll(): Promise<void> {
    const settle = this.#settle;
    let left = this.#waiting.size;
    const entries = this.#waiting.entries();
    while (left > 0) {
      const batch: [unknown, Waiting][] = [];
      const changes: Change[] = [];
      for (; left > 0 && batch.length < BATCH; left--) {
        const { value: entry } = entries.next();
        if (entry === undefined) {
          // Some were forgotten meanwhile.
          left = 0;
          break;
        }
        const [, waiting] = entry;
        waiting.again = false;
        batch.push(entry);
        changes.push(waiting.read());
      }
      if (changes.length > 0) await this.#store.write(changes);
      this.#written += changes.length;
      const now = performance.now();
      for (const [what, waiting] of batch) {
        if (waiting.again) waiting.since = now;
        else if (this.#waiting.get(what) === waiting) this.#waiting.delete(what);
      }
    }
    if (settle) {
      await this.#store.settle();
      this.#settle = false;
    }
  }

  #failed(error: unknown): void {
    this.#failures++;
    const now = performance.now();
    if (now - this.#loggedAt < LOG_MS) return;
    this.#loggedAt = now;
    const { waiting, failures } = this.statistics;
    this.#log.error(
      { err: error, waiting, failures },
      "store: not written; calls go on, and it is tried again",
    );
  }
}
