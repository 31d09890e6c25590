/** A program for tests: sends COUNT small datagrams to a loopback PORT and ends: flood.js PORT COUNT. */
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { fileURLToPath } from "node:url";

/** Sends datagrams from another process; our event loop stands still until all are sent. */
export function flood(port: number, count: number): void {
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(port), String(count)]);
}

async function run(port: number, count: number): Promise<void> {
  const socket = createSocket("udp4");
  for (let sent = 0; sent < count; sent++) {
    await new Promise<void>((resolve, reject) => {
      socket.send(`datagram ${sent}`, port, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
    });
  }
  socket.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await run(Number(process.argv[2]), Number(process.argv[3]));
