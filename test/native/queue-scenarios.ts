/** What a queue must do with packets; played by test/lab/native-queue.test.ts in a namespace of its own. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as native from "../../src/kernel/native.ts";
import { flood, stream } from "./flood.ts";
import { Loopback } from "./loopback.ts";
import {
  counter,
  field,
  HEADERS,
  type OpenQueue,
  openQueue,
  packet,
  payload,
  replace,
  setField,
  withPayload,
} from "./open-queue.ts";
import { play, turnLoop, until } from "./scenario.ts";

const NONE = new Uint8Array(0);

await play({
  untouched,
  replaced,
  dropped,
  marked,
  held,
  impossible,
  truncated,
  huge,
  flooded,
  gathered,
  alone,
  overrun,
  order,
});

async function untouched(): Promise<void> {
  const seen: Record<string, number | string>[] = [];
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) {
      seen.push({
        text: payload(open, row),
        length: field(open, row, native.ROW_LENGTH),
        original: field(open, row, native.ROW_ORIGINAL_LENGTH),
        in: field(open, row, native.ROW_IN_INTERFACE),
        out: field(open, row, native.ROW_OUT_INTERFACE),
        hook: field(open, row, native.ROW_HOOK),
        mark: field(open, row, native.ROW_MARK),
        protocol: field(open, row, native.ROW_PROTOCOL),
        verdict: field(open, row, native.ROW_VERDICT),
      });
    }
  });
  const socket = await Loopback.open();
  await socket.send("hello");
  assert.deepEqual(await socket.receive(), ["hello"]);
  const length = HEADERS + "hello".length;
  // The loopback interface is the first of a namespace; NF_INET_PRE_ROUTING is 0.
  const numbers = { length, original: length, in: 1, out: 0, hook: 0, mark: 0, protocol: 0x0800, verdict: 1 };
  assert.deepEqual(seen, [{ text: "hello", ...numbers }]);
  assert.equal(counter(queue, native.COUNTER_PACKETS), 1);
  assert.equal(counter(queue, native.COUNTER_BATCHES), 1);
  close(queue, socket);
}

/** All lengths modulo 4, so that each padding of a netlink message is met, in one batch and one send. */
async function replaced(): Promise<void> {
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) {
      const text = "x".repeat(row * 37);
      replace(open, row, row * 4001, withPayload(packet(open, row), text));
    }
  });
  const socket = await Loopback.open();
  flood(5999, 40);
  const lengths = (await socket.receive(40)).map((text) => text.length);
  assert.deepEqual(
    lengths,
    Array.from({ length: 40 }, (_, row) => row * 37),
  );
  assert.equal(counter(queue, native.COUNTER_BATCHES), 1);
  assert.equal(counter(queue, native.COUNTER_VERDICT_ERRORS), 0);
  close(queue, socket);
}

async function dropped(): Promise<void> {
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++)
      if (payload(open, row) === "no") setField(open, row, native.ROW_VERDICT, native.VERDICT_DROP);
  });
  const socket = await Loopback.open();
  await socket.send("no", "yes");
  assert.deepEqual(await socket.receive(), ["yes"]);
  close(queue, socket);
}

async function marked(): Promise<void> {
  execFileSync(
    "iptables",
    "-t mangle -A OUTPUT -p udp --dport 5999 -j MARK --set-mark 0x12345678".split(" "),
  );
  const marks: number[] = [];
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) marks.push(field(open, row, native.ROW_MARK));
  });
  const socket = await Loopback.open();
  await socket.send("marked");
  assert.deepEqual(await socket.receive(), ["marked"]);
  assert.deepEqual(marks, [0x12345678]);
  close(queue, socket);
}

async function held(): Promise<void> {
  const waiting = new Map<string, { id: number; bytes: Buffer }>();
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) {
      const id = field(open, row, native.ROW_ID);
      waiting.set(payload(open, row), { id, bytes: Buffer.from(packet(open, row)) });
      setField(open, row, native.ROW_VERDICT, native.VERDICT_HOLD);
    }
  });
  const decide = (text: string, verdict: number, replacement?: (bytes: Buffer) => Buffer) => {
    const { id, bytes } = waiting.get(text) ?? assert.fail(`${text} was not held`);
    queue.addon.queue_verdict(queue.handle, id, verdict, replacement ? replacement(bytes) : NONE);
  };
  const socket = await Loopback.open();
  await socket.send("first", "second", "third");
  await until(() => waiting.size === 3, "three packets are held");
  decide("third", native.VERDICT_ACCEPT);
  decide("second", native.VERDICT_DROP);
  decide("first", native.VERDICT_ACCEPT, (bytes) => withPayload(bytes, "first, but longer than it was"));
  assert.deepEqual(await socket.receive(2), ["third", "first, but longer than it was"]);
  // A packet has one verdict: the kernel does not know this one any more.
  decide("third", native.VERDICT_ACCEPT);
  await until(() => counter(queue, native.COUNTER_VERDICT_ERRORS) === 1, "the refused verdict is counted");
  close(queue, socket);
}

async function impossible(): Promise<void> {
  const outputBytes = native.BATCH << 16;
  const rows: Readonly<Record<string, (queue: OpenQueue, row: number) => void>> = {
    "begins outside of the output": (open, row) => span(open, row, outputBytes + 1, 40),
    "ends outside of the output": (open, row) => span(open, row, outputBytes - 39, 40),
    "wraps 32 bits": (open, row) => span(open, row, 0xffff_fff0, 40),
    "larger than a netlink attribute": (open, row) => span(open, row, 0, native.REPLACEMENT_MAX + 1),
    "longest of all": (open, row) => span(open, row, 0, 0xffff_ffff),
    "shorter than an IP header": (open, row) => span(open, row, 0, 19),
    "read from outside of the slab": (open, row) => {
      setField(open, row, native.ROW_OFFSET, 0xffff_ffff);
      span(open, row, 0, 40);
    },
    "unknown verdict": (open, row) => setField(open, row, native.ROW_VERDICT, 7),
  };
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) rows[payload(open, row)]?.(open, row);
  });
  const socket = await Loopback.open();
  const texts = Object.keys(rows);
  await socket.send(...texts);
  assert.deepEqual((await socket.receive(texts.length)).sort(), [...texts].sort());
  assert.equal(counter(queue, native.COUNTER_BAD_ROWS), texts.length);
  close(queue, socket);
}

function span(queue: OpenQueue, row: number, offset: number, length: number): void {
  setField(queue, row, native.ROW_REPLACEMENT_OFFSET, offset);
  setField(queue, row, native.ROW_REPLACEMENT_LENGTH, length);
}

async function truncated(): Promise<void> {
  const seen: string[] = [];
  const slabBytes = native.BATCH * 1024;
  const queue = openQueue(
    (open, count) => {
      for (let row = 0; row < count; row++) seen.push(payload(open, row));
    },
    { slabBytes },
  );
  const socket = await Loopback.open();
  const long = "long".repeat(1000);
  await socket.send(long, "short");
  assert.deepEqual((await socket.receive(2)).sort(), [long, "short"]);
  assert.deepEqual(seen, ["short"]);
  assert.equal(counter(queue, native.COUNTER_TRUNCATED), 1);
  assert.equal(counter(queue, native.COUNTER_PACKETS), 2);
  close(queue, socket);
}

/** The largest datagram of IPv4 is longer than what a netlink attribute holds; the kernel says how long it is. */
async function huge(): Promise<void> {
  const lengths: number[][] = [];
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++) {
      lengths.push([field(open, row, native.ROW_LENGTH), field(open, row, native.ROW_ORIGINAL_LENGTH)]);
      const fitting = native.REPLACEMENT_MAX - HEADERS;
      if (payload(open, row) === "grow")
        replace(open, row, 1, withPayload(packet(open, row), "y".repeat(fitting)));
    }
  });
  const socket = await Loopback.open();
  const largest = "z".repeat(65_535 - HEADERS);
  await socket.send(largest);
  assert.deepEqual(await socket.receive(), [largest]);
  assert.deepEqual(lengths, [[65_531, 65_535]]);
  await socket.send("grow");
  assert.deepEqual(await socket.receive(), ["y".repeat(native.REPLACEMENT_MAX - HEADERS)]);
  close(queue, socket);
}

/** 2,560 packets wait when the loop starts to turn; no turn may take more than 16 batches of them. */
async function flooded(): Promise<void> {
  const packets = 2560;
  const batchesOfTurn: number[] = [];
  let batches = 0;
  let microtasks = 0;
  const queue = openQueue(() => {
    batches++;
    queueMicrotask(() => microtasks++);
  });
  flood(5999, packets);
  while (counter(queue, native.COUNTER_PACKETS) < packets) {
    const before = batches;
    await turnLoop();
    batchesOfTurn.push(batches - before);
  }
  assert.deepEqual(
    batchesOfTurn.filter((count) => count > 0),
    [16, 16, 8],
  );
  assert.equal(microtasks, packets / native.BATCH);
  close(queue);
}

/** Packets a millisecond apart are far less than a pause apart: each wake-up finds several. */
async function gathered(): Promise<void> {
  const packets = 400;
  const queue = openQueue(() => {}, { pause: 10_000 });
  await stream(5999, packets, 1);
  await until(() => counter(queue, native.COUNTER_PACKETS) === packets, "all packets are read");
  const batches = counter(queue, native.COUNTER_BATCHES);
  assert.ok(batches < packets / 3, `${packets} packets came in ${batches} batches`);
  close(queue);
}

/** What comes less often than two in a pause is not kept waiting: most are read before the next one comes. */
async function alone(): Promise<void> {
  const packets = 100;
  const queue = openQueue(() => {}, { pause: 500 });
  await stream(5999, packets, 4);
  await until(() => counter(queue, native.COUNTER_PACKETS) === packets, "all packets are read");
  const batches = counter(queue, native.COUNTER_BATCHES);
  assert.ok(batches > packets / 2, `${packets} packets came in ${batches} batches`);
  close(queue);
}

/** Our receive buffer is full: the kernel drops and counts, we learn of it and go on. */
async function overrun(): Promise<void> {
  const queue = openQueue(() => {}, { receiveBuffer: 4096 });
  flood(5999, 500);
  await until(() => counter(queue, native.COUNTER_PACKETS) > 0, "the first packets are read");
  const lost = counter(queue, native.COUNTER_RECEIVE_OVERRUNS);
  assert.ok(lost > 0, "packets were lost");
  assert.equal(counter(queue, native.COUNTER_PACKETS) + lost, 500);
  const socket = await Loopback.open();
  await socket.send("after");
  assert.deepEqual(await socket.receive(), ["after"]);
  close(queue, socket);
}

async function order(): Promise<void> {
  const queue = openQueue((open, count) => {
    for (let row = 0; row < count; row++)
      replace(open, row, row << 12, withPayload(packet(open, row), payload(open, row)));
  });
  const socket = await Loopback.open();
  flood(5999, 150);
  assert.deepEqual(
    await socket.receive(150),
    Array.from({ length: 150 }, (_, sent) => `datagram ${sent}`),
  );
  close(queue, socket);
}

function close(queue: OpenQueue, socket?: Loopback): void {
  queue.addon.queue_close(queue.handle);
  socket?.close();
}
