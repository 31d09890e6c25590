/** A message whose length has changed, or whose beginning went ahead; it is kept until all of it is acknowledged. */
export interface KeptMessage {
  readonly start: number;
  readonly end: number;
  /** Where it begins in the translated stream, and what it is there. */
  readonly output: number;
  readonly text: string;
}

/** KeptMessages is what may have to be sent again otherwise than by the segment that comes again. */
export class KeptMessages {
  /** In the order of the stream. */
  #messages: KeptMessage[] = [];

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  /** Bytes that are kept. */
  get size(): number {
    return this.#messages.reduce((sum, { text }) => sum + text.length, 0);
  }

  /** Where the first one begins. */
  get start(): number | undefined {
    return this.#messages[0]?.start;
  }

  /** Keeps the next message. */
  add(message: KeptMessage): void {
    this.#messages.push(message);
  }

  /** The one that a byte of the stream belongs to. */
  of(offset: number): KeptMessage | undefined {
    return this.#messages.find(({ start, end }) => start <= offset && offset < end);
  }

  /** Forgets those that the receiver has who has everything before `output`. */
  forget(output: number): void {
    this.#messages = this.#messages.filter((kept) => kept.output + kept.text.length > output);
  }
}
