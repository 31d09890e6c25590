/**
 * OldestFirst is a set that knows its oldest item, in O(1).
 *
 * An iterator of the set stands behind the oldest item and goes on when that leaves. To begin at the front each time
 * would be O(n): V8 walks over the holes that deleted items have left there until the set is made anew.
 */
export class OldestFirst<Item extends object> {
  readonly #items = new Set<Item>();
  /** Made when the oldest is first asked for; most sets never are. */
  #rest: IterableIterator<Item> | undefined;
  #oldest: Item | undefined;

  get size(): number {
    return this.#items.size;
  }

  /** The item that was added longest ago; undefined when there is none. */
  get oldest(): Item | undefined {
    if (this.#oldest === undefined && this.#items.size > 0) {
      this.#rest ??= this.#items.values();
      this.#oldest = this.#rest.next().value;
    }
    return this.#oldest;
  }

  has(item: Item): boolean {
    return this.#items.has(item);
  }

  /** Adds an item; one that is there keeps its place. */
  add(item: Item): void {
    this.#items.add(item);
  }

  /** Adds an item, or makes it the youngest if it is there. */
  renew(item: Item): void {
    this.delete(item);
    this.#items.add(item);
  }

  /** @returns false when it was not there */
  delete(item: Item): boolean {
    if (!this.#items.delete(item)) return false;
    if (item === this.#oldest) this.#oldest = undefined;
    // An iterator that has come to the end stays there.
    if (this.#items.size === 0) this.#rest = undefined;
    return true;
  }
}
