import { errorCode, KernelError } from "./kernel-error.ts";
import * as native from "./native.ts";
import { findNetlinkOwner } from "./netlink-owner.ts";
import { readQueueStatistics } from "./queue-statistics.ts";

/** Replacements start at multiples of this. */
const ALIGNMENT = 8;

/** Which queue to bind, what may wait in it, and how it is read. */
export interface QueueOptions {
  /** NFQUEUE number, 0 to 65535. */
  readonly number: number;
  /** Packets that may wait for a verdict before the kernel drops more. */
  readonly length: number;
  /** Bytes the kernel may hold for us to read; raised beyond net.core.rmem_max (SO_RCVBUFFORCE). */
  readonly receiveBuffer: number;
  /**
   * Microseconds to let packets gather where they come fast; by default 0, each is handled as it comes. All else that
   * the event loop does waits as long.
   */
  readonly pause?: number;
}

/** What has happened on a queue since it was opened. */
export interface QueueCounts {
  readonly packets: number;
  readonly batches: number;
  /** Verdicts the kernel refused. */
  readonly verdictErrors: number;
  /** Times packets were lost because we read too slowly. */
  readonly receiveOverruns: number;
  /** Packets that did not fit their place in the slab. */
  readonly truncated: number;
  /** Messages that could not be read as a packet. */
  readonly malformed: number;
  /** Verdicts or replacements of ours that the addon would not send; none should ever be seen. */
  readonly badRows: number;
  /** Packets the kernel dropped because its queue, or our receive buffer, was full. */
  readonly dropped: number;
  /** Packets that wait for a verdict now. */
  readonly waiting: number;
}

/**
 * Batch is the packets that were received together, up to 64, while their verdicts are being made. It is one
 * object that is used again and again: what it says holds until the callback returns.
 *
 * Packets are named by index, from 0 to `count` - 1. Each is accepted as it came unless told otherwise here.
 */
export class Batch {
  /** What `offset` points into. */
  readonly bytes: Buffer = Buffer.alloc(native.SLAB_BYTES);
  /** Where replacements are written, from `outputUsed` on. */
  readonly output: Buffer = Buffer.alloc(native.BATCH << 16);
  /** Bytes of `output` that hold replacements. */
  outputUsed = 0;
  count = 0;
  /** The rows of native.ts. */
  readonly rows = new Uint32Array(native.BATCH * native.ROW_FIELDS);

  /** Starts a batch of `count` packets. */
  begin(count: number): void {
    this.count = count;
    this.outputUsed = 0;
  }

  /** Where the packet's IP header starts in `bytes`. */
  offset(index: number): number {
    return this.#get(index, native.ROW_OFFSET);
  }

  /** Bytes received. */
  length(index: number): number {
    return this.#get(index, native.ROW_LENGTH);
  }

  /** True when the packet has more bytes than were received. */
  isTruncated(index: number): boolean {
    return this.#get(index, native.ROW_LENGTH) < this.#get(index, native.ROW_ORIGINAL_LENGTH);
  }

  /** Index of the interface it came in by, 0 if none. */
  inInterface(index: number): number {
    return this.#get(index, native.ROW_IN_INTERFACE);
  }

  /** Its mark (nfmark, 32 bits), 0 if none: the admin's rules may route by it. */
  mark(index: number): number {
    return this.#get(index, native.ROW_MARK);
  }

  /** The kernel's name for the packet, for Queue.accept. */
  id(index: number): number {
    return this.#get(index, native.ROW_ID);
  }

  /** Gives no verdict now; Queue.accept gives it, with the packet's id. */
  hold(index: number): void {
    this.#set(index, native.ROW_VERDICT, native.VERDICT_HOLD);
  }

  /**
   * Sends on, in the packet's place, the `length` bytes that were written at `output[outputUsed]`.
   *
   * @returns false when they are more than the kernel takes, 65,531: the packet then goes on as it came
   */
  replace(index: number, length: number): boolean {
    if (length > native.REPLACEMENT_MAX) return false;
    this.#set(index, native.ROW_REPLACEMENT_OFFSET, this.outputUsed);
    this.#set(index, native.ROW_REPLACEMENT_LENGTH, length);
    this.outputUsed += (length + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    return true;
  }

  #get(index: number, field: number): number {
    return this.rows[index * native.ROW_FIELDS + field] ?? 0;
  }

  #set(index: number, field: number, value: number): void {
    this.rows[index * native.ROW_FIELDS + field] = value;
  }
}

/** Queue is one NFQUEUE that is ours. All its memory is set aside when it is opened. */
export class Queue {
  readonly number: number;
  readonly #native: native.Native;
  readonly #counters: BigUint64Array;
  readonly #handle: native.QueueHandle;

  private constructor(
    addon: native.Native,
    number: number,
    handle: native.QueueHandle,
    counters: BigUint64Array,
  ) {
    this.number = number;
    this.#native = addon;
    this.#handle = handle;
    this.#counters = counters;
  }

  /**
   * Binds a queue and calls `onBatch` for what comes in. The verdicts are sent when it returns; if it throws, the
   * packets it had not decided are accepted and the error is an uncaught one.
   *
   * Throws KernelError: EBUSY, naming the process that is bound to the queue; EPERM without CAP_NET_ADMIN.
   */
  static open(addon: native.Native, options: QueueOptions, onBatch: (batch: Batch) => void): Queue {
    const { number, length, receiveBuffer, pause = 0 } = options;
    const batch = new Batch();
    const counters = new BigUint64Array(native.COUNTERS);
    try {
      const handle = addon.queue_open(
        number,
        length,
        receiveBuffer,
        pause,
        batch.bytes,
        batch.rows,
        batch.output,
        counters,
        (count) => {
          batch.begin(count);
          onBatch(batch);
        },
      );
      return new Queue(addon, number, handle, counters);
    } catch (error) {
      throw refusal(number, error);
    }
  }

  /** Gives the verdict of a packet that was held: accepted as `replacement`, or as it came where that is empty. */
  accept(id: number, replacement: Uint8Array): void {
    this.#native.queue_verdict(this.#handle, id, native.VERDICT_ACCEPT, replacement);
  }

  /** Ours and the kernel's; the kernel's are 0 once the queue is closed. */
  counts(): QueueCounts {
    const count = (index: number) => Number(this.#counters[index] ?? 0n);
    const kernel = readQueueStatistics(this.number);
    return {
      packets: count(native.COUNTER_PACKETS),
      batches: count(native.COUNTER_BATCHES),
      verdictErrors: count(native.COUNTER_VERDICT_ERRORS),
      receiveOverruns: count(native.COUNTER_RECEIVE_OVERRUNS),
      truncated: count(native.COUNTER_TRUNCATED),
      malformed: count(native.COUNTER_MALFORMED),
      badRows: count(native.COUNTER_BAD_ROWS),
      dropped: kernel === undefined ? 0 : kernel.queueDropped + kernel.userDropped,
      waiting: kernel?.waiting ?? 0,
    };
  }

  /** Accepts what still waits and unbinds; safe to call twice. */
  close(): void {
    this.#native.queue_close(this.#handle);
  }
}

/**
 * The kernel answers EPERM when another socket is bound to the queue (nfqnl_recv_config), as it does when we may
 * not bind any, so who is bound is looked up.
 */
function refusal(number: number, cause: unknown): KernelError {
  const op = `bind queue ${number}`;
  const portId = readQueueStatistics(number)?.portId;
  if (portId !== undefined) {
    const owner = findNetlinkOwner(portId);
    const who = owner ? `pid ${owner.pid} (${owner.command})` : `the owner of netlink port id ${portId}`;
    const detail = `${who} is bound to it; stop that or choose another queue number`;
    return new KernelError(op, "EBUSY", detail, { cause });
  }
  if (errorCode(cause) === "EPERM") {
    return new KernelError(op, "EPERM", "it takes CAP_NET_ADMIN; run as root", { cause });
  }
  return KernelError.from(op, cause);
}
