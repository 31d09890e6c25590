import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * The one place that loads the C addon and gives it types. Everything in it moves buffers; what the bytes mean
 * is decided in TypeScript. Failing calls throw an Error with `code` (errno name, "EPERM") and `syscall`.
 */
export interface Native {
  /**
   * Opens one NFQUEUE (nfnetlink, own socket) and starts reading it from the event loop.
   *
   * `slab` is where packets are received, `rows` has ROW_FIELDS numbers for each of up to 64 packets of a batch
   * (see the ROW_* indexes). For every batch the addon fills rows, sets each row's verdict to VERDICT_ACCEPT,
   * calls `onBatch(count)`, and then sends all verdicts in one go. If `onBatch` throws, what it had not set is
   * accepted all the same (fail open), and the error is reported as uncaught.
   *
   * `output` is where `onBatch` may put replacement packets; a row names its part by offset and length.
   */
  queue_open(
    queueNumber: number,
    queueLength: number,
    receiveBufferBytes: number,
    slab: Uint8Array,
    rows: Uint32Array,
    output: Uint8Array,
    counters: BigUint64Array,
    onBatch: (count: number) => void,
  ): QueueHandle;
  /** Sends the verdict for one packet that was held: its id, VERDICT_*, its replacement (or an empty array). */
  queue_verdict(queue: QueueHandle, id: number, verdict: number, replacement: Uint8Array): void;
  /** Unbinds and closes. The kernel accepts or drops what is still queued; safe to call twice. */
  queue_close(queue: QueueHandle): void;

  /** Opens one netlink socket of `protocol` (NETLINK_ROUTE 0, NETLINK_NETFILTER 12). */
  netlink_open(protocol: number, receiveBufferBytes: number): NetlinkHandle;
  /**
   * Sends `requests[0..length)`, whole netlink messages one behind the other, in one send. The addon numbers
   * them and sets NLM_F_ACK. Fills `errnos[i]` with 0 or the positive errno of request i, and appends every
   * message that is not an ACK (answers to GETs) to `replies`. Returns the bytes used in `replies`.
   */
  netlink_request(
    socket: NetlinkHandle,
    requests: Uint8Array,
    length: number,
    errnos: Int32Array,
    replies: Uint8Array,
  ): number;
  /** Sends one dump request; its answer is read with netlink_dump_next. */
  netlink_dump(socket: NetlinkHandle, request: Uint8Array): void;
  /** Next bytes of the dump into `buffer`: whole messages; 0 at the end; -1 if the dump was interrupted. */
  netlink_dump_next(socket: NetlinkHandle, buffer: Uint8Array): number;
  /**
   * Joins multicast groups (numbers of enum nfnetlink_groups or rtnetlink_groups) and calls `onMessages(length)`
   * with whole messages in `buffer`; length is -1 when the kernel had to throw messages away (ENOBUFS).
   */
  netlink_subscribe(
    socket: NetlinkHandle,
    groups: Uint32Array,
    buffer: Uint8Array,
    onMessages: (length: number) => void,
  ): void;
  /** Attaches a classic BPF program (struct sock_filter, 8 bytes each) to the socket. */
  netlink_filter(socket: NetlinkHandle, program: Uint8Array): void;
  /** The socket's netlink port id, by which the kernel names its owner. */
  netlink_port(socket: NetlinkHandle): number;
  /** Closes the socket; safe to call twice. */
  netlink_close(socket: NetlinkHandle): void;
}

/** An open queue; only the addon looks inside. */
export interface QueueHandle {
  readonly queue: unique symbol;
}

/** An open netlink socket; only the addon looks inside. */
export interface NetlinkHandle {
  readonly netlink: unique symbol;
}

/** The most packets in one batch: `rows` holds this many. */
export const BATCH = 64;
/** Numbers in one row. */
export const ROW_FIELDS = 16;
/** Packet id (NFQA_PACKET_HDR). */
export const ROW_ID = 0;
/** Where the packet starts in the slab, bytes. */
export const ROW_OFFSET = 1;
/** Bytes received. */
export const ROW_LENGTH = 2;
/** Bytes the packet has; larger than ROW_LENGTH when the kernel could not copy all (NFQA_CAP_LEN). */
export const ROW_ORIGINAL_LENGTH = 3;
/** Index of the interface it came in by, 0 if none. */
export const ROW_IN_INTERFACE = 4;
/** Index of the interface it leaves by, 0 if not yet known. */
export const ROW_OUT_INTERFACE = 5;
/** Netfilter hook (NF_INET_PRE_ROUTING 0 ...). */
export const ROW_HOOK = 6;
/** Packet mark (SO_MARK, nfmark). */
export const ROW_MARK = 7;
/** EtherType in host byte order: 0x0800, 0x86dd. */
export const ROW_PROTOCOL = 8;
/** Written by onBatch: one of VERDICT_*. */
export const ROW_VERDICT = 9;
/** Written by onBatch: where the replacement starts in `output`. */
export const ROW_REPLACEMENT_OFFSET = 10;
/** Written by onBatch: its bytes; 0 keeps the packet as it is. */
export const ROW_REPLACEMENT_LENGTH = 11;
/** Written by onBatch: 1 to set the packet's mark to ROW_NEW_MARK. */
export const ROW_SET_MARK = 12;
/** Written by onBatch: the new mark. */
export const ROW_NEW_MARK = 13;

/** NF_DROP of linux/netfilter.h. */
export const VERDICT_DROP = 0;
/** NF_ACCEPT of linux/netfilter.h. */
export const VERDICT_ACCEPT = 1;
/** Ours: no verdict now, queue_verdict gives it later. */
export const VERDICT_HOLD = 0xffff;

/** Indexes of the queue's `counters`, which the addon alone increments. */
export const COUNTER_PACKETS = 0;
export const COUNTER_BATCHES = 1;
export const COUNTER_VERDICT_ERRORS = 2;
export const COUNTER_RECEIVE_OVERRUNS = 3;
export const COUNTER_TRUNCATED = 4;
/** Messages the addon could not read as a packet; none should ever be seen. */
export const COUNTER_MALFORMED = 5;
export const COUNTERS = 8;

/**
 * Loads the addon built by `npm run build:native`.
 *
 * Throws when it has not been built, naming the command that builds it.
 */
export function loadNative(): Native {
  const path = join(packageRoot(), "native", "build", "Release", "sipexpectd.node");
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    throw new Error(`The native addon ${path} cannot be loaded; build it with: npm run build:native`, {
      cause,
    });
  }
}

/** The folder of package.json, from dist/src/kernel as from src/kernel. */
function packageRoot(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  return here.endsWith(join("dist", "src", "kernel")) ? join(here, "../../..") : join(here, "../..");
}
