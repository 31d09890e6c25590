import { afterEach, beforeEach, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";
import { type ScriptEnd, ScriptMachine } from "./script-end.ts";
import { field, request, response, startLine } from "./script-message.ts";

const PHONE = phoneAddress(0);
const PROVIDER = PROVIDER_HOSTS[0];
const ALICE = "<sip:alice@example.com>";

let lab: Lab;
let provider: ScriptEnd;
let phones: ScriptMachine;

beforeEach(async () => {
  lab = new Lab({ phones: 1 });
  await Daemon.start(lab);
  phones = new ScriptMachine(lab, "phone");
  provider = await new ScriptMachine(lab, "prov").open(`${PROVIDER}:5060`);
});

afterEach(() => lab.dispose());

test.for([
  { what: "port 443, from where it also sends", sends: 443, listens: 443 },
  { what: "port 443, and sends from 5060", sends: 5060, listens: 443 },
  { what: "port 5070, and sends from 5060", sends: 5060, listens: 5070 },
  { what: "port 5060, and sends from a port of its system's choice", sends: 34_567, listens: 5060 },
])("a phone that listens at $what is reached by a call to its Contact", async ({ sends, listens }) => {
  const sender = await phones.open(`${PHONE}:${sends}`);
  const listener = sends === listens ? sender : await phones.open(`${PHONE}:${listens}`);
  const contact = `<sip:alice@${listener.address}>`;
  sender.send(
    provider.address,
    request("REGISTER", {
      uri: `sip:${PROVIDER}`,
      by: sender.address,
      from: `${ALICE};tag=r`,
      to: ALICE,
      callId: "registration",
      cseq: 1,
      fields: [`Contact: ${contact}`],
    }),
  );
  const { text: register, source } = await provider.next();
  const registered = field(register, "Contact");
  expect(registered).toMatch(new RegExp(`^<sip:alice@${GATEWAY_OUTSIDE}:\\d+>$`));
  const granted = [`Contact: ${registered};expires=60`];
  provider.send(source, response(register, "200 OK", { toTag: "r", fields: granted }));
  expect(field((await sender.next()).text, "Contact")).toBe(`${contact};expires=60`);

  const uri = registered.slice(1, -1);
  const outside = uri.slice("sip:alice@".length);
  const from = "<sip:bob@example.com>;tag=b";
  const call = { uri, by: provider.address, from, to: ALICE, callId: "call", cseq: 1 };
  provider.send(outside, request("INVITE", call));
  const { text: invite, source: caller } = await listener.next();
  expect(caller).toBe(provider.address);
  expect(startLine(invite)).toBe(`INVITE sip:alice@${listener.address} SIP/2.0`);

  const fields = [`Contact: ${contact}`];
  listener.send(provider.address, response(invite, "180 Ringing", { toTag: "a", fields }));
  const ringing = await provider.next();
  expect(ringing.source).toBe(outside);
  expect(field(ringing.text, "Contact")).toBe(registered);
});
