/**
 * FairQueue keeps items by their holder, oldest first, and finds the oldest item of the holder that has most: what
 * has to make room is taken from whoever takes most of it, so that one holder cannot push out another's.
 *
 * Every operation is O(1): holders are filed by how many items they have, and that changes by one at a time.
 *
 *     #byCount[3] = { holder a, holder b }     #most = 3
 *     #byCount[1] = { holder c }
 */
export class FairQueue<Holder extends object, Item extends object> {
  readonly #items = new Map<Holder, Set<Item>>();
  readonly #byCount: Set<Holder>[] = [];
  #most = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends an item, or moves it to the end if it is there. */
  add(holder: Holder, item: Item): void {
    const items = this.#items.get(holder) ?? new Set();
    if (items.delete(item)) {
      items.add(item);
      return;
    }
    if (items.size === 0) this.#items.set(holder, items);
    items.add(item);
    this.#size++;
    this.#refile(holder, items.size - 1, items.size);
  }

  /** @returns false when it was not there */
  delete(holder: Holder, item: Item): boolean {
    const items = this.#items.get(holder);
    if (items?.delete(item) !== true) return false;
    this.#size--;
    this.#refile(holder, items.size + 1, items.size);
    if (items.size === 0) this.#items.delete(holder);
    return true;
  }

  /** The oldest item of a holder that has most, undefined when there is none at all. */
  oldestOfLargest(): Item | undefined {
    for (const holder of this.#byCount[this.#most] ?? []) {
      for (const item of this.#items.get(holder) ?? []) return item;
    }
    return undefined;
  }

  #refile(holder: Holder, from: number, to: number): void {
    if (from > 0) this.#byCount[from]?.delete(holder);
    if (to > 0) {
      const filed = this.#byCount[to] ?? new Set();
      this.#byCount[to] = filed;
      filed.add(holder);
    }
    if (to > this.#most) this.#most = to;
    // The holder that left the highest count went down by one, so the next highest is right below.
    else if (from === this.#most && this.#byCount[from]?.size === 0) this.#most = from - 1;
  }
}
