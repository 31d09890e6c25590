/** A program for tests: sends COUNT small datagrams to a loopback PORT and ends: flood.js PORT COUNT [MILLISECONDS]. */
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Sends datagrams from another process; our event loop stands still until all are sent. */
export function flood(port: number, count: number): void {
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(port), String(count)]);
}

/** Sends datagrams from another process, so many milliseconds apart, while our event loop turns. */
export async function stream(port: number, count: number, apart: number): Promise<void> {
  const arguments_ = [fileURLToPath(import.meta.url), String(port), String(count), String(apart)];
  const [status] = await once(spawn(process.execPath, arguments_, { stdio: "inherit" }), "exit");
  if (status !== 0) throw new Error(`The sender ended with status ${status}.`);
}

async function run(port: number, count: number, apart: number): Promise<void> {
  const socket = createSocket("udp4");
  for (let sent = 0; sent < count; sent++) {
    await new Promise<void>((resolve, reject) => {
      socket.send(`datagram ${sent}`, port, "127.0.0.1", (error) => (error ? reject(error) : resolve()));
    });
    if (apart > 0) await new Promise((resolve) => setTimeout(resolve, apart));
  }
  socket.close();
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await run(Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[4] ?? 0));
