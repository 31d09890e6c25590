/**
 * A program for tests: any number of UDP addresses of one machine, and nothing but what the test says. It reads
 * ScriptCommand and writes ScriptReport, as JSON, one a line; it ends with its standard input.
 */
import type { Socket } from "node:dgram";
import { createInterface } from "node:readline";
import { joinAddress, splitAddress } from "./ip-address.ts";
import { openSocket } from "./load/sip-socket.ts";

/** What a test has the machine do. Addresses are "host:port", an IPv6 host in brackets; payloads one latin1 character per byte. */
export type ScriptCommand =
  | { readonly kind: "open"; readonly at: string }
  | { readonly kind: "send"; readonly at: string; readonly to: string; readonly payload: string };

/** What the machine tells: that an address is bound, or what arrived there. */
export type ScriptReport =
  | { readonly kind: "opened"; readonly at: string }
  | { readonly kind: "arrived"; readonly at: string; readonly source: string; readonly payload: string };

const sockets = new Map<string, Socket>();

async function carryOut(command: ScriptCommand): Promise<void> {
  const { at } = command;
  if (command.kind === "open") {
    const socket = await openSocket(splitAddress(at));
    sockets.set(at, socket);
    socket.on("message", (bytes, from) => {
      const source = joinAddress(from.address, from.port);
      report({ kind: "arrived", at, source, payload: bytes.toString("latin1") });
    });
    report({ kind: "opened", at });
    return;
  }
  const socket = sockets.get(at);
  if (socket === undefined) throw new Error(`${at} has not been opened.`);
  const { host, port } = splitAddress(command.to);
  socket.send(Buffer.from(command.payload, "latin1"), port, host);
}

function report(what: ScriptReport): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

for await (const line of createInterface({ input: process.stdin })) {
  await carryOut(JSON.parse(line) as ScriptCommand);
}
process.exit();
