import { createSocket, type Socket } from "node:dgram";

/** Loopback is a UDP socket that sends to itself; between sending and receiving lies the queue under test. */
export class Loopback {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #arrived: string[] = [];
  #wake: () => void = () => {};

  private constructor(socket: Socket, port: number) {
    this.#socket = socket;
    this.#port = port;
    socket.on("message", (bytes) => {
      this.#arrived.push(bytes.toString("latin1"));
      this.#wake();
    });
  }

  static open(port = 5999): Promise<Loopback> {
    const socket = createSocket("udp4");
    return new Promise((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, "127.0.0.1", () => resolve(new Loopback(socket, port)));
    });
  }

  /** Sends texts (latin1), each as one datagram, and resolves once they are on their way. */
  async send(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      await new Promise<void>((resolve, reject) => {
        this.#socket.send(Buffer.from(text, "latin1"), this.#port, "127.0.0.1", (error) =>
          error ? reject(error) : resolve(),
        );
      });
    }
  }

  /** The next `count` texts in the order of their arrival; throws when they have not come after ten seconds. */
  async receive(count = 1): Promise<string[]> {
    while (this.#arrived.length < count) {
      await new Promise<void>((resolve, reject) => {
        const late = () => reject(new Error(`${this.#arrived.length} of ${count} datagrams arrived`));
        const timer = setTimeout(late, 10_000);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#arrived.splice(0, count);
  }

  close(): void {
    this.#socket.close();
  }
}
