/**
 * FairItem is what a FairQueue holds: it is its own link, as a Set of all items would be most of what they cost. It is
 * in one such queue at a time, and always of one holder.
 */
export interface FairItem<Item> {
  /** What its holder has in the queue it is in; undefined while it is in none. */
  share: Share<Item> | undefined;
  older: Item | undefined;
  younger: Item | undefined;
}

/** Share is what one holder has in a queue, oldest first. */
class Share<Item> {
  readonly holder: object;
  size = 0;
  oldest: Item | undefined = undefined;
  youngest: Item | undefined = undefined;
  // Its neighbours among the shares of the same size.
  before: Share<Item> | undefined = undefined;
  after: Share<Item> | undefined = undefined;

  constructor(holder: object) {
    this.holder = holder;
  }
}

export type { Share };

/** The shares of one size, the one that has been so for longest first. */
interface OfOneSize<Item> {
  first: Share<Item> | undefined;
  last: Share<Item> | undefined;
}

/**
 * FairQueue keeps items by their holder, oldest first, and finds the oldest item of the holder that has most: what
 * has to make room is taken from whoever takes most of it, so that one holder cannot push out another's.
 *
 * Every operation is O(1): holders are filed by how many items they have, and that changes by one at a time.
 *
 *     #bySize[3] = { holder a, holder b }     #most = 3
 *     #bySize[1] = { holder c }
 */
export class FairQueue<Holder extends object, Item extends FairItem<Item>> {
  readonly #shares = new Map<Holder, Share<Item>>();
  readonly #bySize: OfOneSize<Item>[] = [];
  #most = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends an item, or moves it to the end if it is there. */
  add(holder: Holder, item: Item): void {
    const known = item.share;
    if (known !== undefined) {
      if (known.youngest !== item) {
        unlink(known, item);
        append(known, item);
      }
      return;
    }
    let share = this.#shares.get(holder);
    if (share === undefined) {
      share = new Share(holder);
      this.#shares.set(holder, share);
    }
    item.share = share;
    append(share, item);
    this.#size++;
    this.#refile(share, share.size + 1);
  }

  /** @returns false when it was not there */
  delete(holder: Holder, item: Item): boolean {
    const { share } = item;
    if (share === undefined) return false;
    unlink(share, item);
    item.share = undefined;
    this.#size--;
    this.#refile(share, share.size - 1);
    if (share.size === 0) this.#shares.delete(holder);
    return true;
  }

  /**
   * The oldest item of a holder that has most, undefined when there is none at all.
   *
   * @param spared is passed over, and is then the youngest
   */
  oldestOfLargest(spared?: Item): Item | undefined {
    const largest = this.#bySize[this.#most];
    const share = largest?.first;
    if (largest === undefined || share === undefined) return undefined;
    const { oldest } = share;
    if (spared === undefined || oldest !== spared) return oldest;
    unlink(share, spared);
    append(share, spared);
    takeOut(largest, share);
    putIn(largest, share);
    const other = this.oldestOfLargest();
    return other === spared ? undefined : other;
  }

  #refile(share: Share<Item>, size: number): void {
    const from = share.size;
    const left = this.#bySize[from];
    if (from > 0 && left !== undefined) takeOut(left, share);
    share.size = size;
    if (size > 0) {
      const filed = this.#bySize[size] ?? { first: undefined, last: undefined };
      this.#bySize[size] = filed;
      putIn(filed, share);
    }
    if (size > this.#most) this.#most = size;
    // The holder that left the highest size went down by one, so the next highest is right below.
    else if (from === this.#most && left?.first === undefined) this.#most = from - 1;
  }
}

function append<Item extends FairItem<Item>>(share: Share<Item>, item: Item): void {
  item.older = share.youngest;
  item.younger = undefined;
  if (share.youngest === undefined) share.oldest = item;
  else share.youngest.younger = item;
  share.youngest = item;
}

function unlink<Item extends FairItem<Item>>(share: Share<Item>, item: Item): void {
  const { older, younger } = item;
  if (older === undefined) share.oldest = younger;
  else older.younger = younger;
  if (younger === undefined) share.youngest = older;
  else younger.older = older;
  item.older = undefined;
  item.younger = undefined;
}

function putIn<Item>(filed: OfOneSize<Item>, share: Share<Item>): void {
  share.before = filed.last;
  share.after = undefined;
  if (filed.last === undefined) filed.first = share;
  else filed.last.after = share;
  filed.last = share;
}

function takeOut<Item>(filed: OfOneSize<Item>, share: Share<Item>): void {
  const { before, after } = share;
  if (before === undefined) filed.first = after;
  else before.after = after;
  if (after === undefined) filed.last = before;
  else after.before = before;
}
