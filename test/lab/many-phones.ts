/**
 * A program for tests: thousands of phones, each on port 5060 of an address of its own, which register and then
 * refuse the calls that are really for them. Its arguments are how many, and the registrar as "host:port". Once all
 * have tried it writes how many are registered, and goes on until its standard input ends.
 */
import type { Socket } from "node:dgram";
import { Exchanges } from "./exchanges.ts";
import { openSocket } from "./load/sip-socket.ts";
import { request, response, startLine } from "./script-message.ts";

const [count = "", registrar = ""] = process.argv.slice(2);
const [registrarHost = "", registrarPort = ""] = registrar.split(":");
const sockets = new Map<string, Socket>();
const registrations = new Exchanges();

function send(host: string, text: string): void {
  sockets.get(host)?.send(Buffer.from(text, "latin1"), Number(registrarPort), registrarHost);
}

function received(host: string, text: string): void {
  if (text.startsWith("SIP/2.0 200 ")) registrations.answered(host);
  // A call for another phone is not answered, and so is missed by who placed it.
  else if (startLine(text) === `INVITE sip:${host}@${host}:5060 SIP/2.0`) {
    send(host, response(text, "486 Busy Here", { toTag: host }));
  }
}

for (let index = 0; index < Number(count); index++) {
  const host = `10.5.${index >> 8}.${index & 255}`;
  const socket = await openSocket({ host, port: 5060 });
  socket.on("message", (bytes) => received(host, bytes.toString("latin1")));
  sockets.set(host, socket);
}

const missing = await registrations.run([...sockets.keys()], (host) => {
  const user = `<sip:${host}@example.com>`;
  const parts = { uri: "sip:example.com", by: `${host}:5060`, from: `${user};tag=1`, to: user };
  const fields = [`Contact: <sip:${host}@${host}:5060>`, "Expires: 3600"];
  send(host, request("REGISTER", { ...parts, callId: `registration-${host}`, cseq: 1, fields }));
});
process.stdout.write(`${sockets.size - missing.length}\n`);
process.stdin.on("end", () => process.exit()).resume();
