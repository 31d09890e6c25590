import { OldestFirst } from "./oldest-first.ts";

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
  readonly #items = new Map<Holder, OldestFirst<Item>>();
  readonly #byCount: OldestFirst<Holder>[] = [];
  #most = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends an item, or moves it to the end if it is there. */
  add(holder: Holder, item: Item): void {
    const items = this.#items.get(holder) ?? new OldestFirst();
    const before = items.size;
    items.renew(item);
    if (items.size === before) return;
    if (before === 0) this.#items.set(holder, items);
    this.#size++;
    this.#refile(holder, before, items.size);
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

  /**
   * The oldest item of a holder that has most, undefined when there is none at all.
   *
   * @param spared is passed over, and is then the youngest
   */
  oldestOfLargest(spared?: Item): Item | undefined {
    const largest = this.#byCount[this.#most];
    const holder = largest?.oldest;
    if (largest === undefined || holder === undefined) return undefined;
    const items = this.#items.get(holder);
    if (spared === undefined || items?.oldest !== spared) return items?.oldest;
    items.renew(spared);
    largest.renew(holder);
    const other = this.oldestOfLargest();
    return other === spared ? undefined : other;
  }

  #refile(holder: Holder, from: number, to: number): void {
    if (from > 0) this.#byCount[from]?.delete(holder);
    if (to > 0) {
      const filed = this.#byCount[to] ?? new OldestFirst();
      this.#byCount[to] = filed;
      filed.add(holder);
    }
    if (to > this.#most) this.#most = to;
    // The holder that left the highest count went down by one, so the next highest is right below.
    else if (from === this.#most && this.#byCount[from]?.size === 0) this.#most = from - 1;
  }
}
