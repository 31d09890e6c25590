import type { PortRange } from "../packet/port-range.ts";

/** Tells whether a port is taken by somebody else: a local socket, or a range that has another use. */
export type PortTaken = (port: number) => boolean;

const PORTS = 65536;
const LOWEST = 1024;
const NONE = -1;
/** How many free units are looked at for a run of several, so that one odd offer costs bounded work. */
const RUN_SEARCH = 64;

/**
 * PortPool hands out the external ports of one transport in units of `width` consecutive ports: 1 for
 * signalling, 2 for media (an even RTP port and the odd RTCP port above it, RFC 3550 §11).
 *
 * The port asked for is given whenever it is free, as a phone's own port survives a restart best; otherwise
 * the unit that has been free for longest, so that late packets of an old call do not reach a new one
 * (RFC 4787 §4.2.3 warns of the same). Every operation is O(1): the free units form a doubly linked list,
 * least recently freed first.
 *
 *     head -> unit -> unit -> ... -> tail        next[] and previous[], indexed by unit
 *     used[unit] = 1 while it is given out, and then it is in no list
 */
export class PortPool {
  readonly #width: number;
  readonly #taken: PortTaken;
  readonly #strict: boolean;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #used: Uint8Array;
  readonly #listed: Uint8Array;
  #head = NONE;
  #tail = NONE;

  /**
   * @param width ports in one unit; units start at multiples of it
   * @param range the ports given out when the one asked for is not to be had
   * @param taken asked for every port before it is given out
   * @param strict never give a port outside the range, even one that is asked for
   */
  constructor(width: 1 | 2, range: PortRange, taken: PortTaken, strict = false) {
    const units = PORTS / width;
    this.#width = width;
    this.#taken = taken;
    this.#strict = strict;
    this.#next = new Int32Array(units).fill(NONE);
    this.#previous = new Int32Array(units).fill(NONE);
    this.#used = new Uint8Array(units);
    this.#listed = new Uint8Array(units);
    const first = Math.ceil(Math.max(range.first, LOWEST) / width);
    const last = Math.floor((range.last + 1) / width) - 1;
    for (let unit = first; unit <= last; unit++) this.#listed[unit] = 1;
    for (let unit = first; unit <= last; unit++) this.#append(unit);
  }

  /**
   * Takes the unit `wanted` lies in if that is free, otherwise the least recently freed one.
   *
   * @param wanted a port; unless the pool is strict, any port from 1024 up may be asked for
   * @param count consecutive units wanted
   * @returns the unit's first port, or undefined when none is free
   */
  take(wanted: number, count = 1): number | undefined {
    const unit = Math.floor(wanted / this.#width);
    if (this.#isFree(unit, count)) return this.#takeRun(unit, count);
    let candidate = this.#head;
    for (let tried = 0; candidate !== NONE && tried < RUN_SEARCH + this.#width; tried++) {
      if (this.#isFree(candidate, count)) return this.#takeRun(candidate, count);
      const next = this.#next[candidate] ?? NONE;
      // A port somebody else holds goes to the end, or a handful of them would block the head for ever.
      if (this.#anyTaken(candidate)) this.#moveToEnd(candidate);
      candidate = next;
    }
    return undefined;
  }

  /**
   * Takes exactly this unit, and the `count` - 1 that follow it, as for a flow whose port the kernel has chosen.
   *
   * @returns false when it is in use, or not to be given at all
   */
  adopt(port: number, count = 1): boolean {
    const unit = Math.floor(port / this.#width);
    if (!this.#isFree(unit, count)) return false;
    this.#takeRun(unit, count);
    return true;
  }

  /** Gives back what `take` or `adopt` gave; `count` as it was then. */
  give(port: number, count = 1): void {
    const first = Math.floor(port / this.#width);
    for (let unit = first; unit < first + count; unit++) {
      if (this.#used[unit] !== 1) throw new RangeError(`Port ${unit * this.#width} is given back twice`);
      this.#used[unit] = 0;
      if (this.#listed[unit] === 1) this.#append(unit);
    }
  }

  #isFree(first: number, count: number): boolean {
    if (first * this.#width < LOWEST || first + count > this.#used.length) return false;
    for (let unit = first; unit < first + count; unit++) {
      if (this.#used[unit] === 1 || (this.#strict && this.#listed[unit] !== 1) || this.#anyTaken(unit))
        return false;
    }
    return true;
  }

  #anyTaken(unit: number): boolean {
    for (let port = unit * this.#width; port < (unit + 1) * this.#width; port++) {
      if (this.#taken(port)) return true;
    }
    return false;
  }

  #takeRun(first: number, count: number): number {
    for (let unit = first; unit < first + count; unit++) {
      if (this.#listed[unit] === 1) this.#unlink(unit);
      this.#used[unit] = 1;
    }
    return first * this.#width;
  }

  #moveToEnd(unit: number): void {
    this.#unlink(unit);
    this.#append(unit);
  }

  #append(unit: number): void {
    this.#previous[unit] = this.#tail;
    this.#next[unit] = NONE;
    if (this.#tail === NONE) this.#head = unit;
    else this.#next[this.#tail] = unit;
    this.#tail = unit;
  }

  #unlink(unit: number): void {
    const previous = this.#previous[unit] ?? NONE;
    const next = this.#next[unit] ?? NONE;
    if (previous === NONE) this.#head = next;
    else this.#next[previous] = next;
    if (next === NONE) this.#tail = previous;
    else this.#previous[next] = previous;
  }
}
