/**
 * Measures the parts of the packet path by themselves: scanner, SDP, translation, splice, ctnetlink codec, ports.
 * On a quiet machine: node dist/test/bench/micro.js
 */
import { Bench } from "tinybench";
import { ArmJob } from "../../src/kernel/arm.ts";
import { type TableEvents, tellAll } from "../../src/kernel/events.ts";
import { ExpectationEnd } from "../../src/kernel/expectation-end.ts";
import { EXPECTATION_CLASS, type Expectation } from "../../src/kernel/expectation-message.ts";
import { MessageWriter } from "../../src/kernel/message-writer.ts";
import { scanSession } from "../../src/sdp/scan.ts";
import { longestExpiry } from "../../src/sip/contact.ts";
import { HeaderTable } from "../../src/sip/headers.ts";
import { scan } from "../../src/sip/scan.ts";
import { PortPool } from "../../src/table/ports.ts";
import { ListedMapping } from "../../src/translate/listed-mapping.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { splice } from "../../src/translate/splice.ts";
import { expectationEvent } from "../kernel/expectation-event.ts";
import { EXTERNAL, type Phone, PROVIDER, register, request } from "./gateway/messages.ts";

const phone: Phone = { index: 1, address: "10.5.0.1", port: 5061 };
const registration = register(phone);
const invitation = request({ phone, caller: "phone", id: "c1", method: "INVITE", media: 10_000 });
const sdpStart = invitation.indexOf("\r\n\r\n") + 4;
const flow = {
  inside: { host: phone.address, port: 5060 },
  outside: { host: EXTERNAL, port: phone.port },
  remote: { host: PROVIDER, port: 5060 },
  transport: "udp",
} as const;
const mapping = new ListedMapping(flow, []).outbound;
const headers = new HeaderTable();

/** The message and what it becomes. */
function translated(text: string) {
  const scanned = scan(text, new HeaderTable());
  if (scanned.kind !== "message") throw new Error(`The message is ${scanned.kind}.`);
  const translation = translateOutbound(scanned.message, flow, mapping);
  if (translation.kind !== "translated") throw new Error(`The message is ${translation.kind}.`);
  return { message: scanned.message, edits: translation.edits };
}

const call = translated(invitation);
const master = {
  protocol: "udp",
  source: { host: phone.address, port: 1 },
  destination: { host: PROVIDER, port: 0 },
} as const;
const expectations = [10_000, 10_001].map<Expectation>((port) => ({
  direction: "inbound",
  class: EXPECTATION_CLASS.audio,
  protocol: "udp",
  timeout: 60,
  from: { host: undefined, port: undefined },
  to: { host: EXTERNAL, port },
  saved: { host: phone.address, port },
}));

const registering = translated(registration);
const job = new ArmJob(
  {
    master: { flow: master, natSource: { host: EXTERNAL, port: 1 }, timeout: 60 },
    createMaster: true,
    expectations,
  },
  () => undefined,
);
const writer = new MessageWriter(4096);
const ends = Buffer.concat(expectations.map((one) => expectationEvent(master, one)));
const gone = new ExpectationEnd(ends);
const listener: TableEvents = {
  expectationGone: () => undefined,
  flowBegan: () => undefined,
  conntrackEnded: () => undefined,
  told: () => undefined,
  overrun: () => undefined,
  failed: (error) => {
    throw error;
  },
};
const ports = new PortPool(2, { first: 10_000, last: 65_535 }, () => false);

const bench = new Bench({ time: 500, warmupTime: 200 })
  .add("scan REGISTER", () => scan(registration, headers))
  .add("scan INVITE", () => scan(invitation, headers))
  .add("scan SDP", () => scanSession(invitation, sdpStart, invitation.length))
  .add("longest expiry of REGISTER, scanned", () => longestExpiry(registering.message, 3600))
  .add("translate REGISTER, scanned", () => translateOutbound(registering.message, flow, mapping))
  .add("translate INVITE, scanned", () => translateOutbound(call.message, flow, mapping))
  .add("splice INVITE", () => splice(invitation, call.edits))
  .add("encode master and 2 expectations", () => {
    writer.clear();
    job.encode(writer);
  })
  .add("read the ends of 2 expectations", () => tellAll(listener, ends, ends.length, gone))
  .add("take and give a pair of ports", () => ports.give(ports.take(10_000) ?? 0));
await bench.run();
console.table(bench.table());
