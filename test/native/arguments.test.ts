import { expect, test } from "vitest";
import { BATCH, COUNTERS, EVENT_BYTES, type Native, ROW_FIELDS } from "../../src/kernel/native.ts";
import { NETLINK_ROUTE } from "../../src/kernel/netlink-message.ts";
import { loadAddon } from "./addon.ts";

const addon = loadAddon();

/** Calls an export with values that its type would not allow. */
function call(name: keyof Native, ...values: unknown[]): () => unknown {
  return () => Reflect.apply(addon[name], undefined, values);
}

/** Arguments of queue_open that are right but for those given; none of these calls reaches the kernel. */
function queueArguments(wrong: Readonly<Record<string, unknown>>): unknown[] {
  const right = {
    queueNumber: 5,
    queueLength: 64,
    receiveBufferBytes: 65_536,
    pauseMicroseconds: 0,
    slab: new Uint8Array(BATCH * 1024),
    rows: new Uint32Array(BATCH * ROW_FIELDS),
    output: new Uint8Array(0),
    counters: new BigUint64Array(COUNTERS),
    onBatch: () => {},
  };
  return Object.values({ ...right, ...wrong });
}

test.each([
  ["queueNumber must be an integer from 0 to 65535, got 65536", "queueNumber", 65_536],
  ["queueNumber must be an integer from 0 to 65535, got -1", "queueNumber", -1],
  ["queueNumber must be an integer from 0 to 65535, got 1.5", "queueNumber", 1.5],
  ["queueNumber must be an integer from 0 to 65535, got nan", "queueNumber", Number.NaN],
  ["queueLength must be an integer from 0 to 4294967295, got 4294967296", "queueLength", 2 ** 32],
  ["pauseMicroseconds must be an integer from 0 to 10000, got 10001", "pauseMicroseconds", 10_001],
  ["slab must have at least 32768 elements, got 100", "slab", new Uint8Array(100)],
  ["rows must have at least 1024 elements, got 1023", "rows", new Uint32Array(1023)],
  ["counters must have at least 8 elements, got 7", "counters", new BigUint64Array(7)],
])("queue_open: %s", (message, name, value) => {
  expect(call("queue_open", ...queueArguments({ [name]: value }))).toThrow(
    expect.objectContaining({ name: "RangeError", code: "ERR_OUT_OF_RANGE", message }),
  );
});

test.each([
  ["queueNumber must be a number", "queueNumber", "5"],
  ["slab must be a Uint8Array", "slab", new ArrayBuffer(1 << 20)],
  ["slab must be a Uint8Array", "slab", null],
  ["rows must be a Uint32Array", "rows", new Int32Array(1024)],
  ["output must be a Uint8Array", "output", undefined],
  ["counters must be a BigUint64Array", "counters", new Float64Array(8)],
  ["onBatch must be a function", "onBatch", {}],
])("queue_open: %s", (message, name, value) => {
  expect(call("queue_open", ...queueArguments({ [name]: value }))).toThrow(
    expect.objectContaining({ name: "TypeError", code: "ERR_INVALID_ARG_TYPE", message }),
  );
});

test.each(Object.keys(addon) as (keyof Native)[])("%s without arguments says how many it needs", (name) => {
  expect(call(name)).toThrow(expect.objectContaining({ code: "ERR_MISSING_ARGS" }));
});

test.each([
  ["nothing", undefined],
  ["a number", 1],
  ["an object", {}],
  ["the addon itself", addon],
])("%s is not taken for a handle", (_what, value) => {
  const refused = (kind: string) =>
    expect.objectContaining({
      code: "ERR_INVALID_ARG_TYPE",
      message: `the first argument must be a ${kind} handle`,
    });
  expect(call("netlink_port", value)).toThrow(refused("netlink"));
  expect(call("queue_close", value)).toThrow(refused("queue"));
});

test("a netlink handle is not taken for a queue's", () => {
  const socket = addon.netlink_open(NETLINK_ROUTE, 0);
  expect(call("queue_close", socket)).toThrow(expect.objectContaining({ code: "ERR_INVALID_ARG_TYPE" }));
  expect(addon.netlink_port(socket)).toBeGreaterThan(0);
  addon.netlink_close(socket);
});

test("a socket may be closed twice, and every other call says that it is closed", () => {
  const socket = addon.netlink_open(NETLINK_ROUTE, 0);
  addon.netlink_close(socket);
  addon.netlink_close(socket);
  const bytes = Buffer.alloc(32_768);
  const calls = [
    () => addon.netlink_port(socket),
    () => addon.netlink_request(socket, bytes, 0, new Int32Array(1), bytes),
    () => addon.netlink_dump(socket, bytes),
    () => addon.netlink_dump_next(socket, bytes),
    () => addon.netlink_filter(socket, bytes),
    () => addon.netlink_subscribe(socket, Uint32Array.of(1), Buffer.alloc(EVENT_BYTES), () => {}),
  ];
  for (const closed of calls) expect(closed).toThrow(expect.objectContaining({ code: "ERR_CLOSED" }));
});

test("a length beyond the requests is refused", () => {
  const socket = addon.netlink_open(NETLINK_ROUTE, 0);
  const bytes = new Uint8Array(20);
  expect(() => addon.netlink_request(socket, bytes, 21, new Int32Array(1), bytes)).toThrow(
    "length must be an integer from 0 to 20, got 21",
  );
  addon.netlink_close(socket);
});
