import { readFileSync } from "node:fs";
import { KernelError } from "./kernel-error.ts";
import {
  BATCH,
  COUNTER_MALFORMED,
  COUNTER_PACKETS,
  COUNTER_RECEIVE_OVERRUNS,
  COUNTER_TRUNCATED,
  COUNTER_VERDICT_ERRORS,
  COUNTERS,
  type Native,
  type QueueHandle,
  ROW_FIELDS,
  ROW_IN_INTERFACE,
  ROW_LENGTH,
  ROW_MARK,
  ROW_OFFSET,
  ROW_ORIGINAL_LENGTH,
  ROW_REPLACEMENT_LENGTH,
  ROW_REPLACEMENT_OFFSET,
} from "./native.ts";
import { portOwner } from "./netlink-owner.ts";

/** A slot holds the largest packet the kernel copies (65,531 bytes) with its attributes. */
const SLAB_BYTES = BATCH * (68 << 10);
/** Room for a batch of replacements of the largest size. */
const OUTPUT_BYTES = BATCH * (64 << 10);

/** Sizes of a queue, which decide how long a burst it rides out. */
export interface QueueOptions {
  readonly number: number;
  /** Packets the kernel holds for us before it drops. */
  readonly length: number;
  /** Bytes of the socket's receive buffer, which has to hold the same packets. */
  readonly receiveBuffer: number;
}

/** Counts of one queue; those of the kernel are of the queue's life, ours of the process's. */
export interface QueueCounts {
  readonly packets: number;
  readonly verdictErrors: number;
  readonly receiveOverruns: number;
  readonly truncated: number;
  readonly malformed: number;
  /** Packets the kernel dropped because its queue, or our receive buffer, was full. */
  readonly dropped: number;
  /** Packets waiting in the kernel. */
  readonly waiting: number;
}

/** Batch is the packets of one wake-up; it is read and answered in place, and dead when the callback returns. */
export class Batch {
  /** What the packets lie in. */
  readonly bytes = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Where replacements are written, one behind the other from `outputUsed`. */
  readonly output = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  readonly rows = new Uint32Array(BATCH * ROW_FIELDS);
  count = 0;
  outputUsed = 0;

  /** Where packet `index` starts in `bytes`. */
  offset(index: number): number {
    return this.#field(index, ROW_OFFSET);
  }

  /** Its bytes. */
  length(index: number): number {
    return this.#field(index, ROW_LENGTH);
  }

  /** True when the kernel could not copy all of it. */
  isTruncated(index: number): boolean {
    return this.#field(index, ROW_ORIGINAL_LENGTH) > this.#field(index, ROW_LENGTH);
  }

  /** Index of the interface it came in by. */
  inInterface(index: number): number {
    return this.#field(index, ROW_IN_INTERFACE);
  }

  /** Its packet mark. */
  mark(index: number): number {
    return this.#field(index, ROW_MARK);
  }

  /** Accepts packet `index` as the `length` bytes written at `outputUsed`. */
  replace(index: number, length: number): void {
    this.rows[index * ROW_FIELDS + ROW_REPLACEMENT_OFFSET] = this.outputUsed;
    this.rows[index * ROW_FIELDS + ROW_REPLACEMENT_LENGTH] = length;
    this.outputUsed += length;
  }

  #field(index: number, field: number): number {
    return this.rows[index * ROW_FIELDS + field] ?? 0;
  }
}

/** Queue is one NFQUEUE bound by this process. */
export class Queue {
  readonly #native: Native;
  readonly #handle: QueueHandle;
  readonly #counters: BigUint64Array;
  readonly #number: number;

  private constructor(native: Native, handle: QueueHandle, counters: BigUint64Array, number: number) {
    this.#native = native;
    this.#handle = handle;
    this.#counters = counters;
    this.#number = number;
  }

  /**
   * Binds the queue and begins to read it.
   *
   * @param onBatch is called with each batch; its verdicts are sent when it returns
   * @throws KernelError; when another process holds the queue, the message says which
   */
  static open(native: Native, options: QueueOptions, onBatch: (batch: Batch) => void): Queue {
    const batch = new Batch();
    const counters = new BigUint64Array(COUNTERS);
    const deliver = (count: number): void => {
      batch.count = count;
      batch.outputUsed = 0;
      onBatch(batch);
    };
    const { number, length, receiveBuffer } = options;
    try {
      const { bytes, rows, output } = batch;
      const handle = native.queue_open(number, length, receiveBuffer, bytes, rows, output, counters, deliver);
      return new Queue(native, handle, counters, number);
    } catch (error) {
      throw refusal(number, error);
    }
  }

  counts(): QueueCounts {
    const at = (index: number): number => Number(this.#counters[index] ?? 0n);
    const kernel = kernelQueue(this.#number);
    return {
      packets: at(COUNTER_PACKETS),
      verdictErrors: at(COUNTER_VERDICT_ERRORS),
      receiveOverruns: at(COUNTER_RECEIVE_OVERRUNS),
      truncated: at(COUNTER_TRUNCATED),
      malformed: at(COUNTER_MALFORMED),
      dropped: kernel?.dropped ?? 0,
      waiting: kernel?.waiting ?? 0,
    };
  }

  /** Unbinds; what still waits passes by the rule's --queue-bypass. Safe to call twice. */
  close(): void {
    this.#native.queue_close(this.#handle);
  }
}

/** One line of /proc/net/netfilter/nfnetlink_queue (net/netfilter/nfnetlink_queue.c, seq_show). */
interface KernelQueue {
  readonly port: number;
  readonly waiting: number;
  readonly dropped: number;
}

function kernelQueue(number: number): KernelQueue | undefined {
  const path = "/proc/net/netfilter/nfnetlink_queue";
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // Without procfs the counts are unknown; nothing else depends on them.
    return undefined;
  }
  for (const line of text.split("\n")) {
    const [queue, port, waiting, , , queueDropped, userDropped] = line.trim().split(/\s+/).map(Number);
    if (queue !== number || port === undefined) continue;
    return { port, waiting: waiting ?? 0, dropped: (queueDropped ?? 0) + (userDropped ?? 0) };
  }
  return undefined;
}

function refusal(number: number, cause: unknown): KernelError {
  const error = KernelError.from(`bind queue ${number}`, cause);
  // The kernel answers EPERM, not EBUSY, to whoever configures a queue that another socket holds.
  if (error.code === "EPERM" || error.code === "EBUSY") {
    const held = kernelQueue(number);
    if (held !== undefined) {
      const detail = `held by ${portOwner(held.port)}; stop that, or choose another --queue`;
      return new KernelError(`bind queue ${number}`, "EBUSY", detail, { cause });
    }
    return new KernelError(`bind queue ${number}`, error.code, "run as root or with CAP_NET_ADMIN", {
      cause,
    });
  }
  return error;
}
