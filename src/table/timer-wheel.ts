/** TimerEntry is one thing that is due at a time; the wheel links it into the slot of that time. */
export interface TimerEntry {
  /** Milliseconds of the wheel's clock. */
  due: number;
  next: TimerEntry | undefined;
  previous: TimerEntry | undefined;
  /** The slot it is linked into, -1 while it is in none. */
  slot: number;
  /** Called once when it is due; the entry is out of the wheel by then and may be scheduled anew. */
  readonly expire: (now: number) => void;
}

const SLOTS = 1024;
const GRANULARITY = 250;

/**
 * TimerWheel keeps every timer of the table: scheduling, moving and cancelling are O(1) and allocate
 * nothing, however many there are. A timer fires at most one granule (250 ms) late.
 *
 * Entries due later than one turn (256 s) stay in their slot and are looked at once a turn.
 */
export class TimerWheel {
  readonly #slots: (TimerEntry | undefined)[] = new Array<TimerEntry | undefined>(SLOTS).fill(undefined);
  #granule: number;

  /** @param now milliseconds of a monotonic clock */
  constructor(now: number) {
    this.#granule = Math.floor(now / GRANULARITY);
  }

  /** Schedules an entry for `due` (milliseconds), moving it if it is scheduled already. */
  schedule(entry: TimerEntry, due: number): void {
    if (entry.slot !== -1) this.cancel(entry);
    entry.due = due;
    const granule = Math.max(Math.ceil(due / GRANULARITY), this.#granule + 1);
    const slot = granule % SLOTS;
    const head = this.#slots[slot];
    entry.slot = slot;
    entry.next = head;
    entry.previous = undefined;
    if (head !== undefined) head.previous = entry;
    this.#slots[slot] = entry;
  }

  /** Takes an entry out; harmless when it is in no slot. */
  cancel(entry: TimerEntry): void {
    if (entry.slot === -1) return;
    if (entry.previous === undefined) this.#slots[entry.slot] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.next = undefined;
    entry.previous = undefined;
    entry.slot = -1;
  }

  /**
   * Fires everything due up to `now` (milliseconds of the same clock). What one callback throws keeps none of the
   * others from being called; the first error is thrown at the end.
   */
  advance(now: number): void {
    const target = Math.floor(now / GRANULARITY);
    // A clock that jumped a whole turn ahead still visits each slot once.
    const from = Math.max(this.#granule + 1, target - SLOTS + 1);
    const errors: unknown[] = [];
    for (let granule = from; granule <= target; granule++) {
      this.#granule = granule;
      this.#fire(granule % SLOTS, now, errors);
    }
    this.#granule = Math.max(this.#granule, target);
    if (errors.length > 0) throw errors[0];
  }

  #fire(slot: number, now: number, errors: unknown[]): void {
    let entry = this.#slots[slot];
    while (entry !== undefined) {
      const next: TimerEntry | undefined = entry.next;
      if (entry.due <= now) {
        this.cancel(entry);
        try {
          entry.expire(now);
        } catch (error) {
          errors.push(error);
        }
        // The callback may have unlinked the neighbour; begin the slot again rather than follow a dead link.
        entry = next !== undefined && next.slot === slot ? next : this.#firstDue(slot, now);
      } else entry = next;
    }
  }

  #firstDue(slot: number, now: number): TimerEntry | undefined {
    let entry = this.#slots[slot];
    while (entry !== undefined && entry.due > now) entry = entry.next;
    return entry;
  }
}
