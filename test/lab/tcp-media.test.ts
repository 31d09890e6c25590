import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, type Machine, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { inviteTo, mediaAddress, response, sessionDescription } from "./script-message.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, PROVIDER_MEDIA] = PROVIDER_HOSTS;
const OURS = `${PHONE}:7394`;
const THEIRS = `${PROVIDER_MEDIA}:7000`;
const MSRP = "message * TCP/MSRP *";

/** Accepts one connection, says "listening" before and the address of its peer after. */
const LISTEN = `const [host, port] = process.argv[1].split(":");
require("node:net").createServer((socket) => {
  console.log(socket.remoteAddress + ":" + socket.remotePort);
  socket.end("heard");
}).listen(Number(port), host, () => console.log("listening"));`;
/** Connects from one host to an address, and prints what it hears there. */
const CONNECT = `const [, from, to] = process.argv;
const [host, port] = to.split(":");
require("node:net").connect({ host, port: Number(port), localAddress: from }).pipe(process.stdout);`;

let lab: Lab;
let phone: ScriptEnd;
let provider: ScriptEnd;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  phone = await new ScriptMachine(lab, "phone").open(`${PHONE}:5060`);
  provider = await new ScriptMachine(lab, "prov").open(`${PROVIDER}:5060`);
});

afterEach(() => lab.dispose());

/** A call of TCP media; returns the address that the provider is told. */
async function call(setup: string, answer: string, theirs: string): Promise<string> {
  const invite = inviteTo(PROVIDER, phone.address, {
    sdp: sessionDescription(OURS, [`setup:${setup}`, `path:msrp://${OURS}/x;tcp`], MSRP),
  });
  phone.send(provider.address, invite);
  const { text, source } = await provider.next();
  const advertised = mediaAddress(text);
  expect(text).toContain(`a=path:msrp://${advertised}/x;tcp\r\n`);
  const sdp = sessionDescription(theirs, [`setup:${answer}`, `path:msrp://${theirs}/y;tcp`], MSRP);
  provider.send(source, response(text, "200 OK", { toTag: "b", sdp }));
  expect((await phone.next()).text).toContain(sdp);
  return advertised;
}

/** Connects from a host of one machine to an address; resolves with what the listener at `at` saw. */
async function connection(
  machine: Machine,
  from: string,
  to: string,
  listener: Machine,
  at: string,
): Promise<string> {
  const child = lab.spawn(listener, process.execPath, ["-e", LISTEN, at], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (!child.stdout) throw new Error("The listener was started without standard output.");
  child.stdout.setEncoding("utf8");
  expect(String((await once(child.stdout, "data"))[0])).toBe("listening\n");
  const seen = once(child.stdout, "data");
  expect(await lab.exec(machine, "timeout", "5", process.execPath, "-e", CONNECT, from, to)).toBe("heard");
  return String((await seen)[0]).trim();
}

test("a phone that waits for the connection of its MSRP is connected to", async () => {
  const advertised = await call("passive", "active", `${PROVIDER_MEDIA}:9`);
  expect(advertised.startsWith(`${GATEWAY_OUTSIDE}:`)).toBe(true);
  const seen = await connection("prov", PROVIDER_MEDIA, advertised, "phone", OURS);
  expect(seen.startsWith(`${PROVIDER_MEDIA}:`)).toBe(true);
});

test("a phone that opens the connection of its MSRP gets through", async () => {
  await call("active", "passive", THEIRS);
  const seen = await connection("phone", PHONE, THEIRS, "prov", THEIRS);
  expect(seen.startsWith(`${GATEWAY_OUTSIDE}:`)).toBe(true);
});
