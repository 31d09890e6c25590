import { beforeEach, expect, it } from "vitest";
import { schema } from "../../src/config/schema.ts";
import { externalAddress } from "../../src/gateway/external-address.ts";
import { KernelEvents } from "../../src/gateway/kernel-events.ts";
import { makeTables } from "../../src/gateway/tables.ts";
import { encodeNewConntrack } from "../../src/kernel/conntrack-message.ts";
import { CT_DELETE } from "../../src/kernel/ctnetlink.ts";
import { tellAll } from "../../src/kernel/events.ts";
import { EXPECTATION_CLASS } from "../../src/kernel/expectation-message.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { expectationsOf } from "../../src/table/component-state.ts";
import { unobserved } from "../../src/table/observer.ts";
import type { Stream } from "../../src/table/streams.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";
import { expectationEvent } from "../kernel/expectation-event.ts";
import { encoded } from "../kernel/hex.ts";
import { ArmingRecorder, target } from "../table/arming-recorder.ts";

const PHONE = "192.168.50.10";
const PEER = "203.0.113.2";
const EXTERNAL = "203.0.113.1";

/** What was done, in its order, beside what the table asks for. */
let done: string[];
let arming: ArmingRecorder;
let tables: ReturnType<typeof makeTables>;
let stream: Stream;
let events: KernelEvents;

beforeEach(() => {
  done = [];
  arming = new ArmingRecorder();
  const config = schema.parse({ networks: ["192.168.0.0/16"] });
  tables = makeTables(config, 100, new TimerWheel(0), arming, unobserved, () => false);
  stream = ring();
  const external = externalAddress(EXTERNAL, undefined);
  const warn = (_now: number, _fields: unknown, message: string) => void done.push(message);
  events = new KernelEvents(
    { ...tables, external, budget: { warn }, now: 0 },
    { lookup: () => void done.push("look up") },
    { straighten: () => false },
    () => 0,
    { settle: () => void done.push("settle"), connectionEnded: () => undefined },
    () => undefined,
  );
});

/** A call is offered, and its media expected from anywhere. */
function ring(): Stream {
  const { bindings, calls } = tables;
  const binding = bindings.udp.byInside(1) ?? bindings.udp.create(1, { host: PHONE, port: 5060 }, 0);
  if (typeof binding === "string") throw new Error(binding);
  const call = calls.life.of(binding, "call", 0);
  calls.revive(call, 0);
  const made = calls.stream(call, target(PHONE, 4000), PEER);
  if (typeof made === "string") throw new Error(made);
  calls.insideSaid(call, "inside", [made], [false]);
  calls.settle(call, 0);
  return made;
}

function hangUp(): void {
  const { bindings, calls } = tables;
  const binding = bindings.udp.byInside(1);
  const call = binding && calls.find(binding, "call");
  if (call !== undefined) calls.life.end(call, "bye", 0);
}

const held = (): number[] => stream.components.map((component) => expectationsOf(component).size);
const master = (id = stream.id, port = 0): FlowTuple => ({
  protocol: "udp",
  source: { host: PHONE, port: id },
  destination: { host: PEER, port },
});

/** The kernel's event of the end of an expectation for a port of ours, of any source or of one host. */
function gone(port: number, of = master(), host?: string): Buffer {
  return expectationEvent(of, {
    direction: "inbound",
    class: EXPECTATION_CLASS.audio,
    protocol: "udp",
    from: { host, port: undefined },
    to: { host: EXTERNAL, port },
    saved: { host: PHONE, port: 4000 },
    timeout: 180,
  });
}

/** The kernel's event of the end of a master. */
function masterGone(): Buffer {
  const entry = { original: master(), status: 0, timeout: 0, helper: "sip" };
  const event = encoded((writer) => encodeNewConntrack(writer, entry));
  event.writeUInt16LE(CT_DELETE, 4);
  return event;
}

/** What the kernel tells at once. */
function tell(...told: readonly Buffer[]): void {
  const bytes = Buffer.concat(told);
  tellAll(events, bytes, bytes.length);
}

it("expectations that packets have used free their slots, and what follows is carried out once for all", () => {
  expect(held()).toEqual([1, 1]);
  tell(gone(stream.base), gone(stream.base + 1));
  expect(held()).toEqual([0, 0]);
  expect(done).toEqual(["settle"]);
});

it("one of a single host is not taken for that of any", () => {
  tell(gone(stream.base, master(), "203.0.113.9"));
  expect(held()).toEqual([1, 1]);
  tell(gone(stream.base));
  expect(held()).toEqual([0, 1]);
});

it("the ends of those that we took out ourselves are not taken for those of a call that was tried again", () => {
  hangUp();
  ring();
  expect(held()).toEqual([1, 1]);
  tell(gone(stream.base), gone(stream.base + 1));
  expect(held()).toEqual([1, 1]);
  tell(gone(stream.base), gone(stream.base + 1));
  expect(held()).toEqual([0, 0]);
});

it("those of nobody's masters and of others' flows lead to nothing", () => {
  tell(gone(stream.base, master(stream.id === 7 ? 8 : 7)), gone(stream.base, master(stream.id, 5060)));
  expect(held()).toEqual([1, 1]);
  expect(done).toEqual([]);
});

it("before the kernel is asked anything, it is told what the events before have led to", () => {
  tell(gone(stream.base), masterGone(), masterGone());
  expect(done).toEqual(["settle", "look up", "settle", "look up", "settle"]);
  expect(stream.master).toBe("present");
});

it("what cannot be read is told of, and costs the others nothing", () => {
  const broken = gone(stream.base);
  broken.writeUInt16LE(0xffff, 20);
  tell(broken, gone(stream.base + 1));
  expect(held()).toEqual([1, 0]);
  expect(done).toEqual(["an event of the kernel was not taken in", "settle"]);
});

it("what comes before a message that is cut off is carried out all the same", () => {
  tell(gone(stream.base), Buffer.alloc(4));
  expect(held()).toEqual([0, 1]);
  expect(done).toEqual(["an event of the kernel was not taken in", "settle"]);
});
