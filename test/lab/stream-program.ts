/**
 * A program for tests: TCP connections of one machine, and nothing but what the test says. It reads StreamCommand and
 * writes StreamReport, as JSON, one a line; it ends with its standard input.
 */
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { joinAddress, splitAddress } from "./ip-address.ts";

/** What a test has the machine do. Addresses are "host:port", payloads one latin1 character per byte. */
export type StreamCommand =
  | { readonly kind: "listen"; readonly at: string }
  /** From a port of the system's choice, or from "host:port". */
  | { readonly kind: "connect"; readonly id: string; readonly from: string; readonly to: string }
  | { readonly kind: "write"; readonly id: string; readonly payload: string }
  | { readonly kind: "close"; readonly id: string };

/** What the machine tells; a connection that was accepted has the id "listener from". */
export type StreamReport =
  | { readonly kind: "listening"; readonly at: string }
  | {
      readonly kind: "open";
      readonly id: string;
      readonly local: string;
      readonly remote: string;
      readonly at: string;
    }
  | { readonly kind: "read"; readonly id: string; readonly payload: string }
  | { readonly kind: "closed"; readonly id: string; readonly why: string };

const sockets = new Map<string, Socket>();

function follow(socket: Socket, id: string, at: string): void {
  sockets.set(id, socket);
  const local = joinAddress(socket.localAddress ?? "", socket.localPort ?? 0);
  const remote = joinAddress(socket.remoteAddress ?? "", socket.remotePort ?? 0);
  report({ kind: "open", id, local, remote, at });
  socket.on("data", (bytes) => report({ kind: "read", id, payload: bytes.toString("latin1") }));
}

function carryOut(command: StreamCommand): void {
  if (command.kind === "listen") {
    const { host, port } = endpoint(command.at);
    const server = createServer((socket) => {
      const id = `${command.at} ${socket.remoteAddress}:${socket.remotePort}`;
      socket.on("error", () => undefined);
      socket.on("close", () => report({ kind: "closed", id, why: "" }));
      follow(socket, id, command.at);
    });
    server.listen(port, host, () => report({ kind: "listening", at: command.at }));
  } else if (command.kind === "connect") {
    const { host, port } = endpoint(command.to);
    const from = endpoint(command.from);
    const socket = connect({ host, port, localAddress: from.host, localPort: from.port || undefined });
    let why = "";
    socket.on("connect", () => follow(socket, command.id, ""));
    socket.on("error", (error) => {
      why = error.message;
    });
    socket.on("close", () => report({ kind: "closed", id: command.id, why }));
  } else if (command.kind === "write") sockets.get(command.id)?.write(Buffer.from(command.payload, "latin1"));
  else sockets.get(command.id)?.end();
}

function endpoint(address: string): { readonly host: string; readonly port: number } {
  return address.includes(":") ? splitAddress(address) : { host: address, port: 0 };
}

function report(what: StreamReport): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

for await (const line of createInterface({ input: process.stdin }))
  carryOut(JSON.parse(line) as StreamCommand);
process.exit();
