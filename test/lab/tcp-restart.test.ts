import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { countInvalid, invalidPackets } from "./invalid-packets.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { untilHeard } from "./repeated-media.ts";
import { ScriptMachine } from "./script-end.ts";
import { field, mediaAddress, request, response, sessionDescription, startLine } from "./script-message.ts";
import { type StreamEnd, StreamMachine } from "./stream-machine.ts";

const PHONE = `${phoneAddress(0)}:5062`;
const [PROVIDER, MEDIA_SERVER] = PROVIDER_HOSTS;
const REGISTRAR = `${PROVIDER}:5060`;
const FORGED_PORT = 5999;
const ALICE = "<sip:alice@example.com>";
const BOB = "<sip:bob@example.com>";

let lab: Lab;
let daemon: Daemon;
let phone: StreamMachine;
let provider: StreamMachine;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  daemon = await Daemon.start(lab);
  phone = new StreamMachine(lab, "phone");
  provider = new StreamMachine(lab, "prov");
  await provider.listen(REGISTRAR);
});

afterEach(() => lab.dispose());

/** Both ends of one connection, and the number of its last request. */
interface Line {
  readonly phoneEnd: StreamEnd;
  readonly providerEnd: StreamEnd;
  cseq: number;
}

async function connected(by = PHONE): Promise<Line> {
  const phoneEnd = await phone.connect(by, REGISTRAR);
  return { phoneEnd, providerEnd: await provider.accept(REGISTRAR), cseq: 0 };
}

/** A request of the phone; the Via of a TCP connection names it. */
function from(line: Line, method: string, callId: string, sdp = ""): string {
  const parts = { uri: "sip:bob@example.com", by: PHONE, from: `${ALICE};tag=a`, to: BOB, callId, sdp };
  const fields = [`Contact: <sip:alice@${PHONE};transport=tcp>`];
  const text = request(method, { ...parts, cseq: ++line.cseq, fields });
  return text.replace("SIP/2.0/UDP", "SIP/2.0/TCP");
}

/** REGISTER and its 200, both translated. Returns the Contact that the provider knows. */
async function register(line: Line): Promise<string> {
  line.phoneEnd.write(from(line, "REGISTER", "registration"));
  const arrived = await line.providerEnd.message();
  const contact = field(arrived, "Contact");
  expect(contact).toContain(`<sip:alice@${GATEWAY_OUTSIDE}:`);
  expect(field(arrived, "Via")).toContain(`SIP/2.0/TCP ${GATEWAY_OUTSIDE}:`);
  const fields = [`Contact: ${contact};expires=3600`];
  line.providerEnd.write(response(arrived, "200 OK", { toTag: "r", fields }));
  expect(field(await line.phoneEnd.message(), "Contact")).toBe(
    `<sip:alice@${PHONE};transport=tcp>;expires=3600`,
  );
  return contact;
}

/** A request of the provider to the phone's Contact; the phone reads its own address, and its answer is translated. */
async function probe({ phoneEnd, providerEnd }: Line, contact: string, cseq: number): Promise<void> {
  const uri = /<(.*)>/.exec(contact)?.[1] ?? "";
  const parts = { uri, by: REGISTRAR, from: `${BOB};tag=b`, to: ALICE, callId: "probe", cseq };
  providerEnd.write(request("OPTIONS", parts).replace("SIP/2.0/UDP", "SIP/2.0/TCP"));
  const arrived = await phoneEnd.message();
  expect(startLine(arrived)).toBe(`OPTIONS sip:alice@${PHONE};transport=tcp SIP/2.0`);
  const fields = [`Contact: <sip:alice@${PHONE};transport=tcp>`];
  phoneEnd.write(response(arrived, "200 OK", { toTag: "p", fields }));
  expect(field(await providerEnd.message(), "Contact")).toBe(contact);
}

test("a phone with one connection for life goes on with it when the daemon is killed, and when it is restarted", async () => {
  await countInvalid(lab);
  const [inside, outside] = [new ScriptMachine(lab, "phone"), new ScriptMachine(lab, "prov")];
  const line = await connected();
  const contact = await register(line);

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    // The store is written behind.
    while ((await daemon.stats()).store?.waiting !== 0) await delay(50);
    await daemon.stop(signal);
    line.phoneEnd.write("\r\n\r\n");
    expect(await line.providerEnd.read(4)).toBe("\r\n\r\n");
    line.providerEnd.write("\r\n");
    expect(await line.phoneEnd.read(2)).toBe("\r\n");
    daemon = await Daemon.restart(lab);

    // Either side may be the first to speak.
    if (signal === "SIGTERM") await probe(line, contact, 1);
    expect(await register(line)).toBe(contact);
    await probe(line, contact, 2);

    const phoneMedia = await inside.open(`${phoneAddress(0)}:${signal === "SIGKILL" ? 6000 : 6002}`);
    const providerMedia = await outside.open(`${MEDIA_SERVER}:${signal === "SIGKILL" ? 7000 : 7002}`);
    line.phoneEnd.write(from(line, "INVITE", signal, sessionDescription(phoneMedia.address)));
    const offer = await line.providerEnd.message();
    const sdp = sessionDescription(providerMedia.address);
    line.providerEnd.write(response(offer, "200 OK", { toTag: "b", sdp }));
    expect(field(await line.phoneEnd.message(), "Via")).toContain(PHONE);
    line.phoneEnd.write(from(line, "ACK", signal));
    await line.providerEnd.message();
    const advertised = mediaAddress(offer);
    expect(advertised.startsWith(`${GATEWAY_OUTSIDE}:`)).toBe(true);
    await untilHeard(providerMedia, advertised, phoneMedia, providerMedia.address);
    await untilHeard(phoneMedia, providerMedia.address, providerMedia, advertised);
  }
  expect(await invalidPackets(lab)).toBe(0);
});

test("so does a connection that the provider has opened", async () => {
  await phone.listen(PHONE);
  const line = await connected(phoneAddress(0));
  const contact = await register(line);
  const providerEnd = await provider.connect(PROVIDER, /@([\d.]+:\d+)/.exec(contact)?.[1] ?? "");
  const opened = { providerEnd, phoneEnd: await phone.accept(PHONE), cseq: 0 };
  await probe(opened, contact, 1);
  await probe(opened, contact, 2);
  while ((await daemon.stats()).store?.waiting !== 0) await delay(50);
  await daemon.stop("SIGKILL");
  daemon = await Daemon.restart(lab);
  await probe(opened, contact, 3);
  await probe(opened, contact, 4);
});

test("a SYN that somebody forges does not take such a connection over before its first message", async () => {
  const line = await connected();
  const contact = await register(line);
  const [, at = "", port = ""] = /@([\d.]+:(\d+))/.exec(contact) ?? [];
  while ((await daemon.stats()).store?.waiting !== 0) await delay(50);
  await daemon.stop("SIGKILL");
  daemon = await Daemon.restart(lab);
  // What the provider's host sends from one port goes as if it came from the registrar's.
  const rules = [
    "add table ip forger",
    "add chain ip forger out { type filter hook output priority raw; }",
    `add rule ip forger out tcp dport ${port} tcp sport ${FORGED_PORT} tcp flags syn tcp sport set 5060`,
  ];
  await lab.exec("prov", "nft", rules.join("; "));
  const said = daemon.next(({ msg, code }) => msg === "flow could not be pinned" && code === "EEXIST");
  // Nobody answers it.
  provider.connect(`${PROVIDER}:${FORGED_PORT}`, at).catch(() => undefined);
  await said;
  await probe(line, contact, 1);
  await probe(line, contact, 2);
});

test("what began otherwise does not become SIP by a restart, be it from a phone's own port (NAT slipstreaming)", async () => {
  const line = await connected();
  await register(line);
  line.providerEnd.close();
  // Its port is free again when the phone has closed its end as well.
  while ((await lab.exec("phone", "ss", "-Htn", "sport = :5062")) !== "") await delay(50);
  const { phoneEnd, providerEnd } = await connected();
  const head = "POST / HTTP/1.1\r\nContent-Length: 10000\r\n\r\n";
  phoneEnd.write(head);
  await providerEnd.read(head.length);
  while ((await daemon.stats()).store?.waiting !== 0) await delay(50);
  await daemon.stop("SIGKILL");
  daemon = await Daemon.restart(lab);
  expect((await daemon.stats()).bindings).toBe(1);
  const said = daemon.next(({ msg }) => msg === "TCP flow passes as it is");
  const fake = from(line, "INVITE", "fake", sessionDescription(`${phoneAddress(0)}:5900`));
  phoneEnd.write(fake);
  expect(await providerEnd.read(fake.length)).toBe(fake);
  await said;
  expect((await daemon.stats()).calls).toBe(0);
});
