import { Header, type HeaderId } from "./header-names.ts";

const FIELDS = 4;
/** A number for each id. A typed array of so many is memory of its own, and each part of a multipart body has a table. */
const NO_FIRST: readonly number[] = Array.from({ length: 32 }, () => -1);

/** The bit set of some ids. */
export function bitsOf(ids: readonly HeaderId[]): number {
  return ids.reduce<number>((bits, id) => bits | (1 << id), 0);
}

/**
 * HeaderTable is the header fields of one message in the order they stand, as numbers: id, and the offsets of
 * name and value. There is no object per header. A table may be used for one message after another; `clear`
 * starts the next and ends the life of the message before.
 */
export class HeaderTable {
  #count = 0;
  /** Bit sets of the ids that stand in the message, and that stand in it more than once. */
  #present = 0;
  #repeated = 0;
  readonly #fields: number[] = [];
  /** The first field of each id that is present. */
  readonly #first = NO_FIRST.slice();

  /** How many header fields there are; a field that holds several values counts once. */
  get count(): number {
    return this.#count;
  }

  /** Forgets all fields and keeps the memory. */
  clear(): void {
    this.#count = 0;
    this.#present = 0;
    this.#repeated = 0;
  }

  /** Appends one field; `[valueStart, valueEnd)` is trimmed of white space and may contain folds. */
  add(id: HeaderId, nameStart: number, valueStart: number, valueEnd: number): void {
    const base = this.#count * FIELDS;
    this.#fields[base] = id;
    this.#fields[base + 1] = nameStart;
    this.#fields[base + 2] = valueStart;
    this.#fields[base + 3] = valueEnd;
    const bit = 1 << id;
    if ((this.#present & bit) === 0) {
      this.#present |= bit;
      this.#first[id] = this.#count;
    } else this.#repeated |= bit;
    this.#count++;
  }

  /** Id of field `index`; Header.other for an unknown name. */
  id(index: number): number {
    return this.#fields[index * FIELDS] ?? Header.other;
  }

  /** Offset of the first character of the name of field `index`. */
  nameStart(index: number): number {
    return this.#fields[index * FIELDS + 1] ?? 0;
  }

  /** Offset of the first character of the value of field `index`. */
  valueStart(index: number): number {
    return this.#fields[index * FIELDS + 2] ?? 0;
  }

  /** Offset just behind the value of field `index`. */
  valueEnd(index: number): number {
    return this.#fields[index * FIELDS + 3] ?? 0;
  }

  /** True when at least one field has this id. */
  has(id: HeaderId): boolean {
    return (this.#present & (1 << id)) !== 0;
  }

  /** True when every one of these ids stands in the message; `ids` is made by `bitsOf`. */
  hasAll(ids: number): boolean {
    return (this.#present & ids) === ids;
  }

  /** True when one of these ids stands in the message more than once; `ids` is made by `bitsOf`. */
  repeatsAny(ids: number): boolean {
    return (this.#repeated & ids) !== 0;
  }

  /** Index of the first field with this id, or -1. */
  first(id: HeaderId): number {
    return this.has(id) ? (this.#first[id] ?? -1) : -1;
  }

  /** Index of the first field with this id behind field `after`, or -1. */
  next(id: HeaderId, after: number): number {
    for (let index = after + 1; index < this.#count; index++) {
      if (this.#fields[index * FIELDS] === id) return index;
    }
    return -1;
  }
}
