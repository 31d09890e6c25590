/** How queues and sockets begin and end; played by test/lab/native-life.test.ts in a namespace of its own. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import * as native from "../../src/kernel/native.ts";
import { loadAddon } from "./addon.ts";
import { flood } from "./flood.ts";
import { Loopback } from "./loopback.ts";
import { counter, field, openQueue, packet, replace, setField, withPayload } from "./open-queue.ts";
import { play, turnLoop, until } from "./scenario.ts";

await play({
  alreadyBound,
  incapable,
  unsupported,
  closePending,
  closeInside,
  throwing,
  collected,
  subscribedIsKept,
  thousand,
});

async function alreadyBound(): Promise<void> {
  const queue = openQueue(() => {});
  const refused = { code: "EBUSY", syscall: "NFQNL_CFG_CMD_BIND", message: /queue 5 is already bound/ };
  assert.throws(() => openQueue(() => {}), refused);
  queue.addon.queue_close(queue.handle);
  const again = openQueue(() => {});
  again.addon.queue_close(again.handle);
}

function incapable(): void {
  assert.throws(() => openQueue(() => {}), { code: "EPERM", message: /queue 5 .* CAP_NET_ADMIN/ });
}

/** NETLINK_CRYPTO's neighbour, number 31, is no protocol of any kernel. */
function unsupported(): void {
  const refused = { code: "EPROTONOSUPPORT", syscall: "socket", message: /protocol 31/ };
  assert.throws(() => loadAddon().netlink_open(31, 0), refused);
}

/** What JavaScript holds, and what it has not even read, is accepted: as if there were no queue. */
async function closePending(): Promise<void> {
  let seen = 0;
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) setField(open, row, native.ROW_VERDICT, native.VERDICT_HOLD);
    seen += count;
  });
  const socket = await Loopback.open();
  await socket.send("held 1", "held 2");
  await until(() => seen === 2, "two packets are held");
  flood(5999, 1);
  queue.addon.queue_close(queue.handle);
  assert.deepEqual((await socket.receive(3)).sort(), ["datagram 0", "held 1", "held 2"]);
  socket.close();
}

async function closeInside(): Promise<void> {
  const queue = openQueue((open, count) => {
    open.addon.queue_close(open.handle);
    assert.throws(() => open.addon.queue_verdict(open.handle, 1, 1, new Uint8Array(0)), {
      code: "ERR_CLOSED",
    });
    for (let row = 0; row < count; row++) replace(open, row, 0, withPayload(packet(open, row), "replaced"));
  });
  const socket = await Loopback.open();
  await socket.send("original");
  assert.deepEqual(await socket.receive(), ["replaced"]);
  const again = openQueue(() => {});
  await socket.send("through the next queue");
  assert.deepEqual(await socket.receive(), ["through the next queue"]);
  assert.equal(counter(queue, native.COUNTER_PACKETS), 1);
  again.addon.queue_close(again.handle);
  socket.close();
}

/** Decided rows keep their verdict, the others are accepted, the error is reported, the queue goes on. */
async function throwing(): Promise<void> {
  const errors: unknown[] = [];
  process.on("uncaughtException", (error) => errors.push(error));
  const thrown = new Error("out of onBatch");
  const queue = openQueue((open) => {
    setField(open, 0, native.ROW_REPLACEMENT_OFFSET, 0xffff_0000);
    throw thrown;
  });
  const socket = await Loopback.open();
  await socket.send("one");
  assert.deepEqual(await socket.receive(), ["one"]);
  await socket.send("two");
  assert.deepEqual(await socket.receive(), ["two"]);
  assert.deepEqual(errors, [thrown, thrown]);
  assert.equal(counter(queue, native.COUNTER_VERDICT_ERRORS), 0);
  queue.addon.queue_close(queue.handle);
  socket.close();
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

async function collect(): Promise<void> {
  assert.ok(globalThis.gc, "node runs with --expose-gc");
  for (let turn = 0; turn < 10; turn++) {
    globalThis.gc();
    await turnLoop(2);
  }
}

/** Sockets nobody can reach are closed by the garbage collector. */
async function collected(): Promise<void> {
  const addon = loadAddon();
  const before = descriptors();
  for (let opened = 0; opened < 50; opened++) addon.netlink_open(12, 0);
  assert.ok(descriptors() >= before + 50);
  await collect();
  assert.ok(descriptors() < before + 5, `${descriptors() - before} descriptors more than before`);
}

/** A queue that is read lives on without a reference to it, as a server does, and so does its memory. */
async function subscribedIsKept(): Promise<void> {
  const ids: number[] = [];
  let close = () => {};
  (() => {
    openQueue((open, count) => {
      for (let row = 0; row < count; row++) ids.push(field(open, row, native.ROW_ID));
      close = () => open.addon.queue_close(open.handle);
    });
  })();
  const socket = await Loopback.open();
  for (const text of ["a", "b", "c"]) {
    await collect();
    await socket.send(text);
    assert.deepEqual(await socket.receive(), [text]);
  }
  assert.deepEqual(ids, [1, 2, 3]);
  close();
  socket.close();
}

/** A thousand times: nothing is left, neither descriptors nor memory (each queue has 8 KB, each socket 256 KB). */
async function thousand(): Promise<void> {
  const addon = loadAddon();
  const arrays = {
    slab: Buffer.alloc(native.SLAB_BYTES),
    rows: new Uint32Array(native.BATCH * native.ROW_FIELDS),
    output: Buffer.alloc(65536),
    counters: new BigUint64Array(native.COUNTERS),
    events: Buffer.alloc(65536),
  };
  const openAndClose = async (times: number) => {
    for (let time = 0; time < times; time++) {
      const { slab, rows, output, counters, events } = arrays;
      const queue = addon.queue_open(5, 64, 65536, 0, slab, rows, output, counters, () => {});
      const subscribed = addon.netlink_open(12, 65536);
      addon.netlink_subscribe(subscribed, Uint32Array.of(3), events, () => {});
      const socket = addon.netlink_open(12, 65536);
      addon.netlink_close(socket);
      addon.netlink_close(subscribed);
      addon.queue_close(queue);
      if (time % 50 === 0) await collect();
    }
    await collect();
  };
  await openAndClose(200);
  const before = { descriptors: descriptors(), memory: process.memoryUsage.rss() };
  await openAndClose(1000);
  assert.equal(descriptors(), before.descriptors);
  const grown = process.memoryUsage.rss() - before.memory;
  assert.ok(grown < 8 << 20, `memory has grown by ${grown >> 20} MB`);
}
