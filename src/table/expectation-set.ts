import { isSameWanted, type Wanted, wantedKey } from "./wanted.ts";

/**
 * ExpectationSet is what the kernel holds for one component: four at the most of each direction, so that to look through
 * them costs less than to make keys of them.
 */
export class ExpectationSet {
  #list: Wanted[] = [];

  get size(): number {
    return this.#list.length;
  }

  /** True when it has the expectation of this `wantedKey`. */
  has(key: string): boolean {
    return this.#list.some((one) => wantedKey(one) === key);
  }

  /** True when it has this expectation. */
  holds(wanted: Wanted): boolean {
    return indexIn(this.#list, wanted) !== -1;
  }

  /** Adds an expectation, which is then the latest. */
  add(wanted: Wanted): void {
    this.remove(wanted);
    this.#list.push(wanted);
  }

  /** Adds expectations, each of which is then the latest. */
  addAll(wanted: readonly Wanted[]): void {
    // An array that grows has room for 16 more.
    if (this.#list.length === 0 && areDistinct(wanted)) this.#list = wanted.slice();
    else for (const one of wanted) this.add(one);
  }

  remove(wanted: Wanted): void {
    const index = indexIn(this.#list, wanted);
    if (index !== -1) this.#list.splice(index, 1);
  }

  /**
   * Takes out the expectation of this `wantedKey`.
   *
   * @returns false when it was not there
   */
  delete(key: string): boolean {
    const index = this.#list.findIndex((one) => wantedKey(one) === key);
    if (index !== -1) this.#list.splice(index, 1);
    return index !== -1;
  }

  clear(): void {
    this.#list.length = 0;
  }

  /** The key of each, the latest last. */
  keys(): IterableIterator<string> {
    return this.#list.map(wantedKey).values();
  }

  /** The latest last; those added and removed meanwhile are seen or missed. */
  values(): readonly Wanted[] {
    return this.#list;
  }

  /** Those that are not among `kept`; no array is made for none. */
  except(kept: readonly Wanted[]): readonly Wanted[] {
    return without(this.#list, kept);
  }

  /** Those of `wanted` that it has not. */
  lacksOf(wanted: readonly Wanted[]): readonly Wanted[] {
    return this.#list.length === 0 ? wanted : without(wanted, this.#list);
  }
}

const NONE: readonly Wanted[] = [];

function without(list: readonly Wanted[], others: readonly Wanted[]): readonly Wanted[] {
  for (const one of list) {
    if (indexIn(others, one) === -1) return list.filter((each) => indexIn(others, each) === -1);
  }
  return NONE;
}

function areDistinct(list: readonly Wanted[]): boolean {
  for (let index = 1; index < list.length; index++) {
    const one = list[index];
    if (one !== undefined && indexIn(list, one) < index) return false;
  }
  return true;
}

function indexIn(list: readonly Wanted[], wanted: Wanted): number {
  for (let index = 0; index < list.length; index++) {
    const one = list[index];
    if (one !== undefined && isSameWanted(one, wanted)) return index;
  }
  return -1;
}
