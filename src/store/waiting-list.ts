import type { Kept } from "../table/kept.ts";
import type { Change } from "./store.ts";

/** Waiting is a change that waits to be written, and its own link in the list of those that do. */
export abstract class Waiting {
  /** What has changed, or its name. */
  abstract readonly thing: Kept | string | number;
  /** Counts up with each that is noted. */
  readonly number: number;
  /** Milliseconds. */
  since: number;
  /** There has been another change while this one was being written. */
  again = false;
  /** Nobody needs it written any more. */
  isForgotten = false;
  list: WaitingList | undefined = undefined;
  older: Waiting | undefined = undefined;
  younger: Waiting | undefined = undefined;

  constructor(number: number, since: number) {
    this.number = number;
    this.since = since;
  }

  /** What has become of the thing, as it is now. */
  abstract read(): Change;
}

/** WaitingList is changes that wait, those that have waited longest first. */
export class WaitingList {
  oldest: Waiting | undefined = undefined;
  #youngest: Waiting | undefined = undefined;

  append(waiting: Waiting): void {
    waiting.list = this;
    waiting.older = this.#youngest;
    if (this.#youngest === undefined) this.oldest = waiting;
    else this.#youngest.younger = waiting;
    this.#youngest = waiting;
  }

  /** Puts back what was taken last. */
  prepend(waiting: Waiting): void {
    waiting.list = this;
    waiting.younger = this.oldest;
    if (this.oldest === undefined) this.#youngest = waiting;
    else this.oldest.older = waiting;
    this.oldest = waiting;
  }

  /** Takes one of its own out. */
  remove(waiting: Waiting): void {
    const { older, younger } = waiting;
    if (older === undefined) this.oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.#youngest = older;
    else younger.older = older;
    waiting.list = undefined;
    waiting.older = undefined;
    waiting.younger = undefined;
  }
}
