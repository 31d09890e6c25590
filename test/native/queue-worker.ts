/** A worker thread with a queue of its own; its workerData is a WorkerTask. It says "open", then what it sees. */
import { parentPort, workerData } from "node:worker_threads";
import * as native from "../../src/kernel/native.ts";
import { openQueue, packet, payload, replace, setField, withPayload } from "./open-queue.ts";

export interface WorkerTask {
  readonly queue: number;
  /** What onBatch does: answer with capitals; loop for ever; throw; hold what comes. Then, or instead: close. */
  readonly onBatch: "capitals" | "loop" | "throw" | "hold" | "close";
}

const task = workerData as WorkerTask;

openQueue(
  (queue, count) => {
    for (let row = 0; row < count; row++) {
      const text = payload(queue, row);
      if (task.onBatch === "hold") setField(queue, row, native.ROW_VERDICT, native.VERDICT_HOLD);
      else replace(queue, row, row << 12, withPayload(packet(queue, row), text.toUpperCase()));
      parentPort?.postMessage(text);
    }
    if (task.onBatch === "throw") throw new Error("out of the worker's onBatch");
    if (task.onBatch === "close") queue.addon.queue_close(queue.handle);
    while (task.onBatch === "loop");
  },
  { number: task.queue },
);
parentPort?.postMessage("open");
