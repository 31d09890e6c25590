import * as native from "../../src/kernel/native.ts";
import { loadAddon } from "./addon.ts";

/** UDP ports whose datagrams playIsolated has queued, and the queue of each. */
export const QUEUED_PORTS: Readonly<Record<number, number>> = { 5999: 5, 6000: 6 };

/** An open queue with the memory it was opened with. */
export interface OpenQueue {
  readonly addon: native.Native;
  readonly handle: native.QueueHandle;
  readonly slab: Buffer;
  readonly rows: Uint32Array;
  readonly output: Buffer;
  readonly counters: BigUint64Array;
}

export interface QueueOptions {
  readonly number?: number;
  readonly length?: number;
  readonly receiveBuffer?: number;
  readonly pause?: number;
  readonly slabBytes?: number;
}

/** Opens a queue, by default number 5, with room for all that a test may send. */
export function openQueue(
  onBatch: (queue: OpenQueue, count: number) => void,
  options: QueueOptions = {},
): OpenQueue {
  const { number = 5, length = 8192, receiveBuffer = 16 << 20, pause = 0 } = options;
  const { slabBytes = native.SLAB_BYTES } = options;
  const addon = loadAddon();
  const slab = Buffer.alloc(slabBytes);
  const rows = new Uint32Array(native.BATCH * native.ROW_FIELDS);
  const output = Buffer.alloc(native.BATCH << 16);
  const counters = new BigUint64Array(native.COUNTERS);
  const handle = addon.queue_open(
    number,
    length,
    receiveBuffer,
    pause,
    slab,
    rows,
    output,
    counters,
    (count) => onBatch(queue, count),
  );
  const queue: OpenQueue = { addon, handle, slab, rows, output, counters };
  return queue;
}

export function counter(queue: OpenQueue, index: number): number {
  return Number(queue.counters[index]);
}

/** One number of a row. */
export function field(queue: OpenQueue, row: number, index: number): number {
  return queue.rows[row * native.ROW_FIELDS + index] ?? 0;
}

export function setField(queue: OpenQueue, row: number, index: number, value: number): void {
  queue.rows[row * native.ROW_FIELDS + index] = value;
}

/** The bytes of a row's packet, in the slab. */
export function packet(queue: OpenQueue, row: number): Buffer {
  const start = field(queue, row, native.ROW_OFFSET);
  return queue.slab.subarray(start, start + field(queue, row, native.ROW_LENGTH));
}

/** Bytes of the IPv4 and UDP headers of a packet without options. */
export const HEADERS = 28;

/** The UDP payload of a row's packet. */
export function payload(queue: OpenQueue, row: number): string {
  return packet(queue, row).toString("latin1", HEADERS);
}

/** The same IPv4 packet with another UDP payload; without a UDP checksum, which is allowed in IPv4 (RFC 768). */
export function withPayload(original: Buffer, text: string): Buffer {
  const made = Buffer.concat([original.subarray(0, HEADERS), Buffer.from(text, "latin1")]);
  made.writeUInt16BE(made.length, 2);
  made.writeUInt16BE(0, 10);
  let sum = 0;
  for (let at = 0; at < 20; at += 2) sum += made.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  made.writeUInt16BE(~sum & 0xffff, 10);
  made.writeUInt16BE(made.length - 20, 24);
  made.writeUInt16BE(0, 26);
  return made;
}

/** Puts a replacement for a row's packet at `at` in the output. */
export function replace(queue: OpenQueue, row: number, at: number, replacement: Buffer): void {
  replacement.copy(queue.output, at);
  setField(queue, row, native.ROW_REPLACEMENT_OFFSET, at);
  setField(queue, row, native.ROW_REPLACEMENT_LENGTH, replacement.length);
}
