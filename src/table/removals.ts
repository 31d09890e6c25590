import { isSameWanted, type Wanted, wantedKey } from "./wanted.ts";

/** An expectation that we took out ourselves, of which so many events are still to come. */
export interface Removed {
  readonly wanted: Wanted;
  count: number;
  next: Removed | undefined;
}

/** Who has a list of them, as a component does; no object is made for an empty one. */
interface Owner {
  removed: Removed | undefined;
}

/** Notes that the kernel will tell of the end of an expectation that we take out. */
export function expectEvent(owner: Owner, wanted: Wanted): void {
  for (let each = owner.removed; each !== undefined; each = each.next) {
    if (!isSameWanted(each.wanted, wanted)) continue;
    each.count++;
    return;
  }
  owner.removed = { wanted, count: 1, next: owner.removed };
}

/** Waits no more for the event of an expectation of this key that we took out; false when none is waited for. */
export function strikeRemoval(owner: Owner, key: string): boolean {
  let before: Removed | undefined;
  for (let each = owner.removed; each !== undefined; each = each.next) {
    if (wantedKey(each.wanted) === key) {
      each.count--;
      if (each.count === 0 && before === undefined) owner.removed = each.next;
      else if (each.count === 0 && before !== undefined) before.next = each.next;
      return true;
    }
    before = each;
  }
  return false;
}
