/**
 * A program for tests: a provider that grants every registration and, when a line comes on its standard input, calls
 * every Contact. Its argument is its address as "host:port". It writes "listening", and later how many of the phones
 * it called answered: the right phone, and from the address that it was called at.
 */
import { createInterface } from "node:readline";
import { Exchanges } from "./exchanges.ts";
import { openSocket } from "./load/sip-socket.ts";
import { field, request, response, sessionDescription } from "./script-message.ts";

const [address = ""] = process.argv.slice(2);
const [host = "", port = ""] = address.split(":");
/** Contact URIs by user. */
const contacts = new Map<string, string>();
const calls = new Exchanges();
const socket = await openSocket({ host, port: Number(port) });
socket.setRecvBufferSize(8 << 20);

function send(to: string, text: string): void {
  const [toHost = "", toPort = ""] = to.split(":");
  socket.send(Buffer.from(text, "latin1"), Number(toPort), toHost);
}

function place(user: string): void {
  const uri = contacts.get(user) ?? "";
  const from = "<sip:bob@example.com>;tag=b";
  const to = `<sip:${user}@example.com>`;
  const sdp = sessionDescription(`${host}:7000`);
  send(behindAt(uri), request("INVITE", { uri, by: address, from, to, callId: user, cseq: 1, sdp }));
}

function behindAt(uri: string): string {
  return uri.slice(uri.indexOf("@") + 1);
}

socket.on("message", (bytes, from) => {
  const text = bytes.toString("latin1");
  const source = `${from.address}:${from.port}`;
  if (text.startsWith("REGISTER ")) {
    const contact = field(text, "Contact");
    const uri = contact.slice(1, contact.indexOf(">"));
    contacts.set(uri.slice("sip:".length, uri.indexOf("@")), uri);
    send(source, response(text, "200 OK", { toTag: "r", fields: [`Contact: ${contact};expires=3600`] }));
    return;
  }
  const user = field(text, "Call-ID");
  const isFromCallee = field(text, "To").endsWith(`;tag=${user}`);
  if (isFromCallee && source === behindAt(contacts.get(user) ?? "")) calls.answered(user);
});

process.stdout.write("listening\n");
for await (const _line of createInterface({ input: process.stdin })) {
  const users = [...contacts.keys()];
  const missed = await calls.run(users, place);
  process.stdout.write(`${users.length - missed.length}\n`);
}
process.exit();
