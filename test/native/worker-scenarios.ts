/** The addon in worker threads, each with an environment of its own; played by test/lab/native-worker.test.ts. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { Loopback } from "./loopback.ts";
import { openQueue } from "./open-queue.ts";
import type { WorkerTask } from "./queue-worker.ts";
import { play } from "./scenario.ts";

await play({ beside, terminated, terminatedInBatch, terminatedHolding, throwing, ending });

async function start(task: WorkerTask): Promise<Worker> {
  const worker = new Worker(new URL("./queue-worker.js", import.meta.url), { workerData: task });
  assert.deepEqual(await once(worker, "message"), ["open"]);
  return worker;
}

/** The main thread's queue and a worker's do not know of each other. */
async function beside(): Promise<void> {
  const seen: number[] = [];
  const queue = openQueue((_open, count) => seen.push(count));
  const worker = await start({ queue: 6, onBatch: "capitals" });
  const [ours, theirs] = [await Loopback.open(5999), await Loopback.open(6000)];
  await ours.send("ours");
  await theirs.send("theirs");
  assert.deepEqual(await theirs.receive(), ["THEIRS"]);
  assert.deepEqual(await ours.receive(), ["ours"]);
  await worker.terminate();
  await ours.send("still ours");
  assert.deepEqual(await ours.receive(), ["still ours"]);
  assert.deepEqual(seen, [1, 1]);
  queue.addon.queue_close(queue.handle);
  ours.close();
  theirs.close();
}

/** A worker that ends gives back its queue and its descriptors, twenty times over. */
async function terminated(): Promise<void> {
  await (await start({ queue: 5, onBatch: "capitals" })).terminate();
  const before = readdirSync("/proc/self/fd").length;
  for (let time = 0; time < 20; time++) await (await start({ queue: 5, onBatch: "capitals" })).terminate();
  assert.equal(readdirSync("/proc/self/fd").length, before);
  const queue = openQueue(() => {});
  queue.addon.queue_close(queue.handle);
}

/** Termination comes as an exception out of onBatch: its packets pass as they are decided so far. */
async function terminatedInBatch(): Promise<void> {
  const worker = await start({ queue: 5, onBatch: "loop" });
  const socket = await Loopback.open();
  await socket.send("text");
  assert.deepEqual(await once(worker, "message"), ["text"]);
  await worker.terminate();
  assert.deepEqual(await socket.receive(), ["TEXT"]);
  socket.close();
}

async function terminatedHolding(): Promise<void> {
  const worker = await start({ queue: 5, onBatch: "hold" });
  const socket = await Loopback.open();
  await socket.send("held");
  assert.deepEqual(await once(worker, "message"), ["held"]);
  await worker.terminate();
  assert.deepEqual(await socket.receive(), ["held"]);
  socket.close();
}

async function throwing(): Promise<void> {
  const worker = await start({ queue: 5, onBatch: "throw" });
  const socket = await Loopback.open();
  const failed = once(worker, "error");
  // Not once(): it would reject with the error.
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  await socket.send("text");
  assert.deepEqual(await socket.receive(), ["TEXT"]);
  const [error] = await failed;
  assert.match(String(error), /out of the worker's onBatch/);
  assert.equal(await ended, 1);
  socket.close();
}

/** A worker whose queue closes has nothing left to wait for. */
async function ending(): Promise<void> {
  const worker = await start({ queue: 5, onBatch: "close" });
  const socket = await Loopback.open();
  const ended = once(worker, "exit");
  await socket.send("text");
  assert.deepEqual(await socket.receive(), ["TEXT"]);
  assert.deepEqual(await ended, [0]);
  socket.close();
}
