/** Reads queue 5 with the addon and prints how many packets it decided: queue-reader.js accept|payload SECONDS. */
import {
  ROW_FIELDS,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_REPLACEMENT_LENGTH,
  ROW_REPLACEMENT_OFFSET,
} from "../../src/kernel/native.ts";
import { openQueue } from "../native/open-queue.ts";

const replaces = process.argv[2] === "payload";
let packets = 0;

const queue = openQueue(({ slab, rows, output }, count) => {
  packets += count;
  if (!replaces) return;
  let used = 0;
  for (let row = 0; row < count * ROW_FIELDS; row += ROW_FIELDS) {
    const start = rows[row + ROW_OFFSET] ?? 0;
    const length = rows[row + ROW_LENGTH] ?? 0;
    slab.copy(output, used, start, start + length);
    rows[row + ROW_REPLACEMENT_OFFSET] = used;
    rows[row + ROW_REPLACEMENT_LENGTH] = length;
    used += length;
  }
});
setTimeout(() => {
  queue.addon.queue_close(queue.handle);
  process.stdout.write(`${packets}\n`);
}, Number(process.argv[3]) * 1000);
