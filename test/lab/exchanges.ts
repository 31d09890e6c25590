/** Milliseconds between two transmissions (RFC 3261 §17.1.1.1, T1), and how often a request is sent. */
const INTERVAL = 500;
const ATTEMPTS = 20;
/** Requests that are under way at the same time. */
const WINDOW = 100;

/** Exchanges sends many requests, so many at a time, each until it is answered. */
export class Exchanges {
  readonly #waiting = new Map<string, () => void>();

  /**
   * Carries out one exchange for each key.
   *
   * @param send transmits the request of a key
   * @returns the keys that were never answered
   */
  async run(keys: readonly string[], send: (key: string) => void): Promise<string[]> {
    const rest = [...keys].reverse();
    const failed: string[] = [];
    const work = async (): Promise<void> => {
      for (let key = rest.pop(); key !== undefined; key = rest.pop()) {
        if (!(await this.#one(key, send))) failed.push(key);
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, work));
    return failed;
  }

  /** The answer for a key came; one that nobody waits for is ignored. */
  answered(key: string): void {
    this.#waiting.get(key)?.();
  }

  #one(key: string, send: (key: string) => void): Promise<boolean> {
    return new Promise((resolve) => {
      let attempts = 1;
      const settle = (isAnswered: boolean): void => {
        clearInterval(timer);
        this.#waiting.delete(key);
        resolve(isAnswered);
      };
      const timer = setInterval(() => {
        if (attempts++ === ATTEMPTS) settle(false);
        else send(key);
      }, INTERVAL);
      this.#waiting.set(key, () => settle(true));
      send(key);
    });
  }
}
