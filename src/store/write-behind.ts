import type { Logger } from "pino";
import type { Kept } from "../table/kept.ts";
import type { Change, Store } from "./store.ts";
import { Waiting, WaitingList } from "./waiting-list.ts";

/** Reads what has become of a thing as it is now. It must not throw. */
export type ChangeReader<Thing> = (thing: Thing) => Change;

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

/** A change of a thing, or of what has a name. */
class WaitingThing<Thing extends Kept | string | number> extends Waiting {
  readonly thing: Thing;
  readonly #read: ChangeReader<Thing>;

  constructor(thing: Thing, read: ChangeReader<Thing>, number: number, since: number) {
    super(number, since);
    this.thing = thing;
    this.#read = read;
  }

  read(): Change {
    return this.#read(this.thing);
  }
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
  readonly #waiting = new WaitingList();
  /** What waits that is no Kept and has no place for it. */
  readonly #byName = new Map<string | number, Waiting>();
  /** What has been read and is being written. */
  #batch: readonly Waiting[] = [];
  /** What has changed again while it was written. */
  #again: Waiting[] = [];
  #noted = 0;
  #size = 0;
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

  /**
   * Notes that a thing, or what has a name, has changed; `read` is called when it is written, not before. It is the
   * same for every change of it, and one for all things of a kind, so that nothing is made for each.
   */
  note<Thing extends Kept | string | number>(thing: Thing, read: ChangeReader<Thing>): void {
    if (this.#closed) return;
    const waiting = this.#find(thing);
    if (waiting === undefined) {
      const made = new WaitingThing(thing, read, ++this.#noted, performance.now());
      if (typeof thing === "object") thing.unwritten = made;
      else this.#byName.set(thing, made);
      this.#waiting.append(made);
      this.#size++;
      this.#schedule(DELAY_MS);
    } else waiting.again = true;
  }

  /** The store need not hear of a thing any more: a change of it that waits is not written. */
  forget(thing: Kept | string | number): void {
    const waiting = this.#find(thing);
    if (waiting === undefined) return;
    if (typeof thing === "object") thing.unwritten = undefined;
    else this.#byName.delete(thing);
    waiting.list?.remove(waiting);
    waiting.isForgotten = true;
    this.#size--;
  }

  #find(thing: Kept | string | number): Waiting | undefined {
    if (typeof thing !== "object") return this.#byName.get(thing);
    return thing.unwritten instanceof Waiting ? thing.unwritten : undefined;
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
      this.#log.error({ err: error, lost: this.#size }, "store: the last changes could not be written");
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#store.close();
  }

  get statistics(): WriteBehindStatistics {
    const oldest = this.#batch.find(({ isForgotten }) => !isForgotten) ?? this.#waiting.oldest;
    return {
      waiting: this.#size,
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
        if (this.#size > 0 || this.#settle) this.#schedule(DELAY_MS);
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
    const last = this.#noted;
    try {
      for (let changes = this.#take(last); changes.length > 0; changes = this.#take(last)) {
        await this.#store.write(changes);
        this.#written += changes.length;
        this.#finish();
      }
    } finally {
      this.#putBack();
    }
    if (settle) {
      await this.#store.settle();
      this.#settle = false;
    }
  }

  /** Reads those that have waited longest, up to the one of this number. */
  #take(last: number): readonly Change[] {
    const batch: Waiting[] = [];
    const changes: Change[] = [];
    for (let waiting = this.#waiting.oldest; waiting !== undefined; waiting = this.#waiting.oldest) {
      if (batch.length === BATCH || waiting.number > last) break;
      this.#waiting.remove(waiting);
      waiting.again = false;
      batch.push(waiting);
      changes.push(waiting.read());
    }
    this.#batch = batch;
    return changes;
  }

  /** What was taken has been written. */
  #finish(): void {
    const now = performance.now();
    for (const waiting of this.#batch) {
      if (waiting.isForgotten) continue;
      if (waiting.again) {
        waiting.since = now;
        this.#again.push(waiting);
      } else this.forget(waiting.thing);
    }
    this.#batch = [];
  }

  /**
   * What is still to be written goes back to its place, before all that was noted later: the removal of a record may be
   * followed by another record of the same key.
   */
  #putBack(): void {
    for (const waiting of [...this.#again, ...this.#batch].toReversed()) {
      if (!waiting.isForgotten) this.#waiting.prepend(waiting);
    }
    this.#again = [];
    this.#batch = [];
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
