/** One is plenty for a phone; a PBX has lines at a few providers, and flows to each of their hosts. */
const MOST = 256;

/**
 * BoundedMap is what one endpoint or call has of a kind, its flows say, in the order they were last set: one too many
 * puts out the one that was set longest ago.
 *
 * Its latest entry lies in the object itself: a phone has one flow, one remote and one registration, a call one dialog,
 * and a Map for each of them would be most of what they cost. Where there are more, it is the latest that is asked for.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  #key: Key | undefined;
  #value: Value | undefined;
  /** Every entry, the latest too, once there has been a second one, until there is none. */
  #map: Map<Key, Value> | undefined;

  get size(): number {
    if (this.#map !== undefined) return this.#map.size;
    return this.#value === undefined ? 0 : 1;
  }

  /** The key that was set last. */
  get latestKey(): Key | undefined {
    return this.#key;
  }

  /** Its value. */
  get latest(): Value | undefined {
    return this.#value;
  }

  get(key: Key): Value | undefined {
    if (this.#key === key) return this.#value;
    return this.#map?.get(key);
  }

  /**
   * Sets an entry, which is then the latest.
   *
   * @param most how many there may be
   * @returns the value it has put out
   */
  set(key: Key, value: Value, most = MOST): Value | undefined {
    let putOut: Value | undefined;
    if (this.#value !== undefined && this.#key !== key) {
      this.#map ??= new Map([[this.#key as Key, this.#value]]);
      if (!this.#map.delete(key) && this.#map.size >= most) {
        const oldest = this.#map.entries().next();
        if (!oldest.done) {
          putOut = oldest.value[1];
          this.#map.delete(oldest.value[0]);
        }
      }
    }
    this.#map?.set(key, value);
    this.#key = key;
    this.#value = value;
    return putOut;
  }

  has(key: Key): boolean {
    return this.get(key) !== undefined;
  }

  delete(key: Key): void {
    this.#map?.delete(key);
    if (this.#key !== key) return;
    if (this.#map === undefined || this.#map.size === 0) this.clear();
    else for ([this.#key, this.#value] of this.#map);
  }

  clear(): void {
    this.#key = undefined;
    this.#value = undefined;
    this.#map = undefined;
  }

  // NB: iterators of arrays, and no generators: those cost more than all the rest of what is done with one entry.

  /** The keys, the latest last. */
  keys(): IterableIterator<Key> {
    if (this.#map !== undefined) return this.#map.keys();
    return (this.#value === undefined ? [] : [this.#key as Key]).values();
  }

  /** The values, the latest last. */
  values(): IterableIterator<Value> {
    if (this.#map !== undefined) return this.#map.values();
    return (this.#value === undefined ? [] : [this.#value]).values();
  }

  /** The entries, the latest last. */
  [Symbol.iterator](): IterableIterator<[Key, Value]> {
    if (this.#map !== undefined) return this.#map.entries();
    const only: [Key, Value][] = this.#value === undefined ? [] : [[this.#key as Key, this.#value]];
    return only.values();
  }

  /** Another with the same entries. */
  copy(): BoundedMap<Key, Value> {
    const copy = new BoundedMap<Key, Value>();
    copy.#key = this.#key;
    copy.#value = this.#value;
    if (this.#map !== undefined) copy.#map = new Map(this.#map);
    return copy;
  }
}
