/**
 * OldestFirst is a set that knows its oldest item, in O(1). A single item lies in the object itself: few callers have
 * more than one call that rings, and a Set for each of them would be made and dropped with every such call.
 *
 * An iterator of the set stands behind the oldest item and goes on when that leaves. To begin at the front each time
 * would be O(n): V8 walks over the holes that deleted items have left there until the set is made anew.
 */
export class OldestFirst<Item extends object> {
  #only: Item | undefined;
  /** All items, once there has been a second one, until there is none. */
  #items: Set<Item> | undefined;
  /** Made when the oldest is first asked for; most sets never are. */
  #rest: IterableIterator<Item> | undefined;
  #oldest: Item | undefined;

  get size(): number {
    if (this.#items !== undefined) return this.#items.size;
    return this.#only === undefined ? 0 : 1;
  }

  /** The item that was added longest ago; undefined when there is none. */
  get oldest(): Item | undefined {
    if (this.#items === undefined) return this.#only;
    if (this.#oldest === undefined) {
      this.#rest ??= this.#items.values();
      this.#oldest = this.#rest.next().value;
    }
    return this.#oldest;
  }

  /** Adds an item; one that is there keeps its place. */
  add(item: Item): void {
    if (this.#items === undefined) {
      if (this.#only === undefined || this.#only === item) {
        this.#only = item;
        return;
      }
      this.#items = new Set([this.#only]);
      this.#only = undefined;
    }
    this.#items.add(item);
  }

  /** @returns false when it was not there */
  delete(item: Item): boolean {
    if (this.#items === undefined) {
      if (this.#only !== item) return false;
      this.#only = undefined;
      return true;
    }
    if (!this.#items.delete(item)) return false;
    if (item === this.#oldest) this.#oldest = undefined;
    if (this.#items.size === 0) {
      this.#items = undefined;
      this.#rest = undefined;
    }
    return true;
  }
}
