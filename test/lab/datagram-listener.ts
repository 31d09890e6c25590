import { createInterface } from "node:readline";
import type { DatagramTask, ReceivedDatagram } from "./datagrams.ts";
import type { Lab, Machine } from "./namespaces.ts";
import { builtFile } from "./package-root.ts";

/** One UDP address. */
type HostPort = readonly [host: string, port: number];

/** Sends payloads from one address to another, each as one datagram, and waits until they are sent. */
export async function sendDatagrams(
  lab: Lab,
  machine: Machine,
  { from, to, payloads }: { from: HostPort; to: HostPort; payloads: readonly Buffer[] },
): Promise<void> {
  const task: DatagramTask = {
    task: "send",
    from,
    to,
    payloads: payloads.map((payload) => payload.toString("base64")),
  };
  await lab.exec(machine, process.execPath, builtFile("test/lab/datagrams.ts"), JSON.stringify(task));
}

/** DatagramListener holds one UDP address of a machine and keeps what arrives there. */
export class DatagramListener {
  readonly #lines: AsyncIterator<string>;
  readonly #stop: () => void;

  /** Binds the address and resolves once it listens. */
  static async open(lab: Lab, machine: Machine, at: HostPort): Promise<DatagramListener> {
    const listener = new DatagramListener(lab, machine, at);
    await listener.#lines.next();
    return listener;
  }

  private constructor(lab: Lab, machine: Machine, at: HostPort) {
    const task: DatagramTask = { task: "receive", at };
    const args = [builtFile("test/lab/datagrams.ts"), JSON.stringify(task)];
    const child = lab.spawn(machine, process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    if (!child.stdout) throw new Error("The listener has no standard output.");
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    this.#stop = () => child.kill();
  }

  /** The next datagram, in order of arrival; rejects when the listener has ended. */
  async next(): Promise<{ readonly source: string; readonly payload: Buffer }> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error("The listener ended before a datagram came.");
    const { source, payload } = JSON.parse(value) as ReceivedDatagram;
    return { source, payload: Buffer.from(payload, "base64") };
  }

  /** Gives the address back. */
  close(): void {
    this.#stop();
  }
}
