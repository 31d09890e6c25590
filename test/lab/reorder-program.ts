/**
 * A program for tests: lets one of twenty packets of NFQUEUE 1 be overtaken by what is sent within the next 5 ms. Says
 * "ready" when the queue is bound.
 */
import { loadNative } from "../../src/kernel/native.ts";
import { Queue } from "../../src/kernel/queue.ts";

const SHARE = 0.05;
const DELAY = 5;
const AS_IT_CAME = new Uint8Array(0);

const options = { number: 1, length: 4096, receiveBuffer: 1 << 20 };
const queue = Queue.open(loadNative(), options, (batch) => {
  for (let index = 0; index < batch.count; index++) {
    if (Math.random() >= SHARE) continue;
    const id = batch.id(index);
    batch.hold(index);
    setTimeout(() => queue.accept(id, AS_IT_CAME), DELAY);
  }
});
console.log("ready");
