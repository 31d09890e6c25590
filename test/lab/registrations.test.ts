import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, request, response, startLine } from "./script-message.ts";
import { setUdpTimeouts } from "./udp-timeouts.ts";

const PHONE = phoneAddress(0);
const [PROVIDER, , STRANGER] = PROVIDER_HOSTS;
const ALICE = "<sip:alice@example.com>";
/** Seconds a flow's conntrack lives in silence, in the gateway's namespace only. */
const UDP_TIMEOUT = 2;
/** Seconds a binding outlives the phone's last packet, and its registration. */
const IDLE = 1;
/** Milliseconds after which only a registration can still hold a binding: its idle time, the timer's granule. */
const SILENCE = 1500;

let lab: Lab;
let daemon: Daemon;
let phones: ScriptMachine;
let providers: ScriptMachine;
let phone: ScriptEnd;
let provider: ScriptEnd;
let messages: number;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await setUdpTimeouts(lab, UDP_TIMEOUT);
  const file = join(lab.directory, "config.toml");
  writeFileSync(file, `[timers]\nbinding = ${IDLE}\n`);
  daemon = await Daemon.start(lab, ["--config", file]);
  phones = new ScriptMachine(lab, "phone");
  providers = new ScriptMachine(lab, "prov");
  phone = await phones.open(`${PHONE}:5060`);
  provider = await providers.open(`${PROVIDER}:5060`);
  messages = 0;
});

afterEach(() => lab.dispose());

interface Registration {
  /** Where the Contacts lead; default the phone itself. */
  readonly contacts?: readonly string[];
  /** Further fields of the REGISTER. */
  readonly fields?: readonly string[];
  readonly status?: string;
  /** The expires of each Contact that the answer lists. */
  readonly granted?: readonly number[];
  /** Further fields of the answer. */
  readonly answer?: readonly string[];
}

/** A REGISTER of the phone and its answer; returns the Contacts as the provider read them. */
async function register({
  contacts = [phone.address],
  fields = [],
  status = "200 OK",
  granted = [],
  answer = [],
}: Registration): Promise<string[]> {
  const named = contacts.map((contact) => `Contact: <sip:alice@${contact}>`);
  const parts = { uri: "sip:example.com", by: phone.address, from: `${ALICE};tag=r`, to: ALICE };
  const cseq = ++messages;
  const sent = request("REGISTER", { ...parts, callId: "registration", cseq, fields: [...named, ...fields] });
  phone.send(provider.address, sent);
  const { text, source } = await provider.next();
  const read = [...text.matchAll(/^Contact: (<.*>)\r$/gm)].map(([, contact = ""]) => contact);
  const listed = granted.map((seconds, index) => `Contact: ${read[index]};expires=${seconds}`);
  provider.send(source, response(text, status, { toTag: "r", fields: [...listed, ...answer] }));
  expect(startLine((await phone.next()).text)).toBe(`SIP/2.0 ${status}`);
  return read;
}

/** Calls a Contact; returns the INVITE's first line as `listener` read it, and rejects when it read none. */
async function called(contact: string, listener = phone): Promise<string> {
  const callId = invite(contact);
  const { text } = await listener.next();
  expect(field(text, "Call-ID")).toBe(callId);
  return startLine(text);
}

/** Calls a Contact until its port is nobody's any more; rejects when it still is somebody's after 15 seconds. */
async function ended(contact: string): Promise<void> {
  for (let attempt = 0; attempt < 60; attempt++) {
    invite(contact);
    await delay(250);
    if (((await daemon.stats()).counters.passed["no-binding"] ?? 0) > 0) return;
  }
  throw new Error(`${contact} still leads to the phone.`);
}

function invite(contact: string): string {
  const uri = contact.slice(1, -1);
  const callId = `call-${++messages}`;
  const from = "<sip:bob@example.com>;tag=b";
  const parts = { uri, by: provider.address, from, to: ALICE, callId, cseq: 1 };
  provider.send(uri.slice(uri.indexOf("@") + 1), request("INVITE", parts));
  return callId;
}

const INVITE = `INVITE sip:alice@${PHONE}:5060 SIP/2.0`;

test("a silent phone is called for as long as its registration was granted, and no longer", async () => {
  const [contact = ""] = await register({ fields: ["Expires: 3600"], granted: [5] });
  await delay(SILENCE);
  expect(await called(contact)).toBe(INVITE);
  await ended(contact);
});

test("a 423 leaves a registration as it was granted", async () => {
  const [contact = ""] = await register({ granted: [5] });
  const answer = ["Min-Expires: 3600", "Expires: 3600"];
  const status = "423 Interval Too Brief";
  await register({ fields: ["Expires: 60"], status, granted: [3600], answer });
  await delay(SILENCE);
  expect(await called(contact)).toBe(INVITE);
  await ended(contact);
});

test.for([
  { what: "Contact: *", ending: { contacts: [], fields: ["Contact: *", "Expires: 0"] } },
  { what: "expires=0", ending: { fields: ["Expires: 0"], granted: [0] } },
])("$what ends a registration", async ({ ending }) => {
  const [contact = ""] = await register({ granted: [3600] });
  await delay(SILENCE);
  expect(await called(contact)).toBe(INVITE);
  await register(ending);
  await ended(contact);
});

test("each of a phone's Contacts is called for as long as it was granted itself", async () => {
  const other = await phones.open(`${PHONE}:5070`);
  const contacts = [phone.address, other.address];
  const [short = "", long = ""] = await register({ contacts, granted: [3, 3600] });
  expect(await called(long, other)).toBe(`INVITE sip:alice@${other.address} SIP/2.0`);
  await ended(short);
  expect(await called(long, other)).toBe(`INVITE sip:alice@${other.address} SIP/2.0`);
});

test("a host that was never asked to register a phone cannot prolong its registration", async () => {
  const stranger = await providers.open(`${STRANGER}:5060`);
  const [contact = ""] = await register({ granted: [3] });
  const by = phone.address;
  const parts = { uri: `sip:${STRANGER}`, by, from: `${ALICE};tag=o`, to: ALICE, callId: "options", cseq: 1 };
  phone.send(stranger.address, request("OPTIONS", parts));
  const { text, source } = await stranger.next();
  const forged = text.replaceAll("OPTIONS", "REGISTER");
  stranger.send(source, response(forged, "200 OK", { fields: [`Contact: ${contact};expires=3600`] }));
  expect(startLine((await phone.next()).text)).toBe("SIP/2.0 200 OK");
  await ended(contact);
});

test("a registered phone is reached after its conntrack has expired, and holds no expectation", async () => {
  const [contact = ""] = await register({ granted: [3600] });
  const listed = (...table: string[]) => lab.exec("gw", "conntrack", "-L", ...table);
  expect(await listed("-p", "udp")).toContain(`src=${PHONE}`);
  while ((await listed("-p", "udp")) !== "") await delay(250);
  expect(await listed("expect")).toBe("");
  expect(await called(contact)).toBe(INVITE);
  expect(await listed("expect")).toBe("");
});
