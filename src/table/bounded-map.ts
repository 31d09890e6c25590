/**
 * BoundedMap is a small Map that keeps its keys in the order they were last set. When it would outgrow its
 * bound, what was set longest ago goes.
 *
 * Its first entry lies in the object itself: a phone has one flow, one remote and one registration, and a Map
 * for each of them would be most of what a binding costs.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown>> {
  readonly #most: number;
  #key: Key | undefined;
  #value: Value | undefined;
  /** Every entry, once there has been a second one. */
  #map: Map<Key, Value> | undefined;

  /** @param most the most entries held, at least 1 */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    if (this.#map !== undefined) return this.#map.size;
    return this.#value === undefined ? 0 : 1;
  }

  get(key: Key): Value | undefined {
    if (this.#map !== undefined) return this.#map.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  /** Sets an entry, which is then the latest. */
  set(key: Key, value: Value): void {
    if (this.#map === undefined) {
      if (this.#value === undefined || this.#key === key || this.#most === 1) {
        this.#key = key;
        this.#value = value;
        return;
      }
      this.#map = new Map([[this.#key as Key, this.#value]]);
      this.#key = undefined;
      this.#value = undefined;
    }
    if (!this.#map.delete(key) && this.#map.size >= this.#most) {
      const oldest = this.#map.keys().next();
      if (!oldest.done) this.#map.delete(oldest.value);
    }
    this.#map.set(key, value);
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
}
