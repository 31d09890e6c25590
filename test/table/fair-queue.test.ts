import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FairItem, FairQueue, type Share } from "../../src/table/fair-queue.ts";

class Named implements FairItem<Named> {
  readonly name: number;
  share: Share<Named> | undefined;
  older: Named | undefined;
  younger: Named | undefined;

  constructor(name: number) {
    this.name = name;
  }
}

const HOLDERS: readonly Named[] = Array.from({ length: 4 }, (_, name) => new Named(name));
const NAMES: readonly number[] = Array.from({ length: 24 }, (_, name) => name);
/** Items that are in no queue yet. */
const items = (): readonly Named[] => NAMES.map((name) => new Named(name));
/** An item is of one holder for good, as a component is. */
const holderOf = (item: Named): Named => HOLDERS[item.name % HOLDERS.length] ?? item;

/** The same in the plainest way: all items, oldest first. */
class Plain {
  items: Named[] = [];

  add(item: Named): void {
    this.delete(item);
    this.items.push(item);
  }

  delete(item: Named): boolean {
    const before = this.items.length;
    this.items = this.items.filter((one) => one !== item);
    return this.items.length < before;
  }

  /** The oldest of each holder that has most; which of those is taken is left open. */
  candidates(): Named[] {
    const lists = HOLDERS.map((holder) => this.items.filter((item) => holderOf(item) === holder));
    const most = Math.max(...lists.map(({ length }) => length));
    return lists.flatMap((list) => {
      const [oldest] = list;
      return list.length === most && oldest !== undefined ? [oldest] : [];
    });
  }
}

const operation = fc.record({
  what: fc.constantFrom("add", "add", "delete", "take"),
  name: fc.constantFrom(...NAMES),
});

describe("FairQueue", () => {
  it("takes the oldest item of a holder that has most, whatever was added and deleted before", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
        const queue = new FairQueue<Named, Named>();
        const plain = new Plain();
        const all = items();
        for (const { what, name } of operations) {
          const item = all[name];
          if (item === undefined) throw new Error("no item");
          if (what === "add") {
            queue.add(holderOf(item), item);
            plain.add(item);
          } else if (what === "delete") {
            expect(queue.delete(holderOf(item), item)).toBe(plain.delete(item));
          } else {
            const found = queue.oldestOfLargest();
            if (found === undefined) expect(plain.items).toEqual([]);
            else {
              expect(plain.candidates()).toContain(found);
              queue.delete(holderOf(found), found);
              plain.delete(found);
            }
          }
          expect(queue.size).toBe(plain.items.length);
        }
      }),
    );
  });

  it("makes an item that was spared the youngest", () => {
    const queue = new FairQueue<Named, Named>();
    const [holder, first, second, third] = items();
    if (!holder || !first || !second || !third) throw new Error("too few items");
    for (const item of [first, second, third]) queue.add(holder, item);
    expect(queue.oldestOfLargest(first)).toBe(second);
    for (const item of [second, third]) {
      expect(queue.oldestOfLargest()).toBe(item);
      queue.delete(holder, item);
    }
    expect(queue.oldestOfLargest()).toBe(first);
    expect(queue.oldestOfLargest(first)).toBeUndefined();
  });

  it("spares one holder's only item by taking another's", () => {
    const queue = new FairQueue<Named, Named>();
    const [first, second] = items();
    if (!first || !second) throw new Error("too few items");
    for (const item of [first, second]) queue.add(holderOf(item), item);
    expect(queue.oldestOfLargest(first)).toBe(second);
  });
});
