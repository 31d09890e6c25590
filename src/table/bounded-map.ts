/** One is plenty for a phone; a PBX has lines at a few providers, and flows to each of their hosts. */
const MOST = 256;

/**
 * BoundedMap is what one endpoint or call has of a kind, its flows say, in the order they were last set: one too many
 * puts out the one that was set longest ago.
 *
 * Its first entry lies in the object itself: a phone has one flow, one remote and one registration, a call one stream
 * and one dialog, and a Map for each of them would be most of what they cost.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  #key: Key | undefined;
  #value: Value | undefined;
  /** Every entry, once there has been a second one. */
  #map: Map<Key, Value> | undefined;

  get size(): number {
    if (this.#map !== undefined) return this.#map.size;
    return this.#value === undefined ? 0 : 1;
  }

  get(key: Key): Value | undefined {
    if (this.#map !== undefined) return this.#map.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  /**
   * Sets an entry, which is then the latest.
   *
   * @param most how many there may be
   * @returns the value it has put out
   */
  set(key: Key, value: Value, most = MOST): Value | undefined {
    if (this.#map === undefined) {
      if (this.#value === undefined || this.#key === key) {
        this.#key = key;
        this.#value = value;
        return undefined;
      }
      this.#map = new Map([[this.#key as Key, this.#value]]);
      this.#key = undefined;
      this.#value = undefined;
    }
    let putOut: Value | undefined;
    if (!this.#map.delete(key) && this.#map.size >= most) {
      const oldest = this.#map.entries().next();
      if (!oldest.done) {
        putOut = oldest.value[1];
        this.#map.delete(oldest.value[0]);
      }
    }
    this.#map.set(key, value);
    return putOut;
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  delete(key: Key): void {
    if (this.#map !== undefined) this.#map.delete(key);
    else if (this.#key === key) this.clear();
  }

  clear(): void {
    this.#key = undefined;
    this.#value = undefined;
    this.#map = undefined;
  }

  /** The keys, the latest last. */
  *keys(): Generator<Key> {
    if (this.#map !== undefined) yield* this.#map.keys();
    else if (this.#value !== undefined) yield this.#key as Key;
  }

  /** The values, the latest last. */
  *values(): Generator<Value> {
    if (this.#map !== undefined) yield* this.#map.values();
    else if (this.#value !== undefined) yield this.#value;
  }

  /** The entries, the latest last. */
  *[Symbol.iterator](): Generator<readonly [Key, Value]> {
    if (this.#map !== undefined) yield* this.#map;
    else if (this.#value !== undefined) yield [this.#key as Key, this.#value];
  }

  /** Another with the same entries. */
  copy(): BoundedMap<Key, Value> {
    const copy = new BoundedMap<Key, Value>();
    for (const [key, value] of this) copy.set(key, value);
    return copy;
  }
}
