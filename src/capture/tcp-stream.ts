/** What becomes of a stream: its next bytes, or how many of them the capture does not have. */
export type StreamData =
  | { readonly kind: "data"; readonly bytes: Buffer }
  | { readonly kind: "gap"; readonly length: number };

/** Bytes that wait for earlier ones; with more, the earlier ones are given up. */
const MOST_WAITING = 262_144;

const NOTHING: readonly StreamData[] = [];

interface Waiting {
  readonly offset: number;
  readonly bytes: Buffer;
}

/**
 * TcpStream puts the segments of one direction of a connection in order (RFC 9293 §3.4): what is retransmitted or
 * overlaps is given out once, as it came first.
 */
export class TcpStream {
  /** Sequence number of the byte at `#offset`, the next one to give out; undefined before anything was seen. */
  #next: number | undefined;
  #offset = 0;
  /** Where it is known to end, from its FIN, which has a sequence number but is no byte. */
  #end = Number.POSITIVE_INFINITY;
  /** Sorted by offset. */
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;

  /** The sequence number of the stream's first byte, once that is known. */
  get first(): number | undefined {
    return this.#next === undefined ? undefined : (this.#next - this.#offset) >>> 0;
  }

  /** The stream's first byte has this sequence number, unless another one had it before. */
  begin(sequence: number): void {
    this.#next ??= sequence >>> 0;
  }

  /** No byte has this sequence number or a later one: it is that of FIN. */
  close(sequence: number): void {
    this.#end = this.offsetOf(sequence);
  }

  /**
   * How far a sequence number is behind the stream's first byte, by the one that is nearest to the next byte; below
   * 0 before it. The stream has begun.
   */
  offsetOf(sequence: number): number {
    return this.#offset + ((sequence - (this.#next ?? sequence)) | 0);
  }

  /** Takes a segment whose first byte has this sequence number, and gives out what is in order now. */
  add(sequence: number, bytes: Buffer): readonly StreamData[] {
    this.begin(sequence);
    const offset = this.offsetOf(sequence);
    if (bytes.length === 0 || offset + bytes.length <= this.#offset) return NOTHING;
    if (offset > this.#offset) {
      this.#wait({ offset, bytes });
      return this.#waitingBytes > MOST_WAITING ? this.#release(this.#firstWaiting()) : NOTHING;
    }
    const data: StreamData[] = [this.#give({ offset, bytes })];
    this.#giveWaiting(data);
    return data;
  }

  /**
   * The other side has everything before this sequence number: what of it is not here, as the capture lost it, is
   * not sent again.
   */
  acknowledged(sequence: number): readonly StreamData[] {
    this.begin(sequence);
    const offset = Math.min(this.offsetOf(sequence), this.#end);
    return offset > this.#offset ? this.#release(offset) : NOTHING;
  }

  /** The capture is over: gives out what still waits, with the gaps before it. */
  end(): readonly StreamData[] {
    const data: StreamData[] = [];
    while (this.#waiting.length > 0) data.push(...this.#release(this.#firstWaiting()));
    return data;
  }

  #firstWaiting(): number {
    return this.#waiting[0]?.offset ?? this.#offset;
  }

  /** Gives out everything before `until`, of which what is missing is a gap, and what is in order behind it. */
  #release(until: number): readonly StreamData[] {
    const data: StreamData[] = [];
    while (this.#offset < until) {
      const length = Math.min(this.#firstWaiting(), until) - this.#offset;
      // Nothing waits before `until`, so all of it is missing.
      const missing = length > 0 ? length : until - this.#offset;
      this.#advance(missing);
      data.push({ kind: "gap", length: missing });
      this.#giveWaiting(data);
    }
    return data;
  }

  #giveWaiting(data: StreamData[]): void {
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined || first.offset > this.#offset) return;
      this.#waiting.shift();
      this.#waitingBytes -= first.bytes.length;
      if (first.offset + first.bytes.length > this.#offset) data.push(this.#give(first));
    }
  }

  #give({ offset, bytes }: Waiting): StreamData {
    const fresh = bytes.subarray(this.#offset - offset);
    this.#advance(fresh.length);
    return { kind: "data", bytes: fresh };
  }

  #advance(length: number): void {
    this.#offset += length;
    this.#next = ((this.#next ?? 0) + length) >>> 0;
  }

  #wait(waiting: Waiting): void {
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1]?.offset ?? 0) > waiting.offset) at--;
    this.#waiting.splice(at, 0, waiting);
    this.#waitingBytes += waiting.bytes.length;
  }
}
