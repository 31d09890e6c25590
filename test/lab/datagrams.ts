/**
 * A program for tests: bare UDP datagrams from or to one address. Its one argument is DatagramTask as JSON; what it
 * received goes to standard output, one ReceivedDatagram a line.
 */
import { openSocket } from "./load/sip-socket.ts";

/** What the program is to do. Payloads are base64. */
export type DatagramTask =
  | {
      readonly task: "send";
      readonly from: readonly [host: string, port: number];
      readonly to: readonly [host: string, port: number];
      readonly payloads: readonly string[];
    }
  /** Writes "listening" and then every datagram, until it is killed. */
  | { readonly task: "receive"; readonly at: readonly [host: string, port: number] };

/** One datagram as it arrived; the payload is base64. */
export interface ReceivedDatagram {
  readonly source: string;
  readonly payload: string;
}

async function run(task: DatagramTask): Promise<void> {
  const [host, port] = task.task === "send" ? task.from : task.at;
  const socket = await openSocket({ host, port });
  if (task.task === "receive") {
    socket.on("message", (bytes, from) => {
      const datagram = { source: `${from.address}:${from.port}`, payload: bytes.toString("base64") };
      process.stdout.write(`${JSON.stringify(datagram satisfies ReceivedDatagram)}\n`);
    });
    process.stdout.write("listening\n");
    return;
  }
  for (const payload of task.payloads) {
    await new Promise<void>((resolve, reject) => {
      const sent = (error: Error | null) => (error ? reject(error) : resolve());
      socket.send(Buffer.from(payload, "base64"), task.to[1], task.to[0], sent);
    });
  }
  socket.close();
}

await run(JSON.parse(process.argv[2] ?? "") as DatagramTask);
