import { createRequire } from "node:module";
import { join } from "node:path";
import { packageRoot } from "../package-root.ts";
import { LONGEST_PACKET } from "../packet/ip-header.ts";

/**
 * The one place that loads the C addon and gives it types. Everything in it moves buffers; what the bytes mean
 * is decided in TypeScript. Failing calls throw an Error with `code` (errno name, "EPERM") and `syscall`.
 */
export interface Native {
  /**
   * Binds NFQUEUE `queueNumber` of this network namespace on a socket of its own and starts reading it from the
   * event loop, which it keeps alive until it is closed.
   *
   * `slab` (SLAB_BYTES) is where packets are received, `rows` has ROW_FIELDS numbers for each of up to BATCH
   * packets (see the ROW_* indexes). For every batch the addon fills rows, sets each row's verdict to
   * VERDICT_ACCEPT, calls `onBatch(count)`, and then sends all verdicts in one go. If `onBatch` throws, what it
   * had not set is accepted all the same (fail open), and the error becomes an uncaughtException. Packets are in
   * the slab until `onBatch` returns; the next batch overwrites them, also those that are held.
   *
   * `output` is where `onBatch` may put replacement packets; a row names its part by offset and length. A row
   * that names bytes outside of it, less than the packet's own IP header or more than REPLACEMENT_MAX, or that
   * has an unknown verdict, is accepted unmodified and counted in COUNTER_BAD_ROWS.
   *
   * `queueLength` is in packets, `receiveBufferBytes` may exceed net.core.rmem_max. Where packets come so fast that
   * two or more are due within `pauseMicroseconds` (up to 10,000; 0 never pauses), a wake-up begins with a pause of
   * that length, unless they have gathered by themselves: many are then decided at the cost of one wake-up.
   *
   * The arrays must not be detached (transferred) nor their buffers resized while the queue is open: the addon writes
   * to their memory.
   *
   * Errors: EBUSY when another socket holds the queue, EPERM without CAP_NET_ADMIN, EPROTONOSUPPORT or EINVAL
   * when the kernel has no nfnetlink or no nfnetlink_queue; TypeError or RangeError for arguments.
   */
  queue_open(
    queueNumber: number,
    queueLength: number,
    receiveBufferBytes: number,
    pauseMicroseconds: number,
    slab: Uint8Array,
    rows: Uint32Array,
    output: Uint8Array,
    counters: BigUint64Array,
    onBatch: (count: number) => void,
  ): QueueHandle;
  /**
   * Sends the verdict for one packet that was held: its id, VERDICT_ACCEPT or VERDICT_DROP, its replacement (or
   * an empty array). An id the kernel does not know any more is counted in COUNTER_VERDICT_ERRORS.
   */
  queue_verdict(queue: QueueHandle, id: number, verdict: number, replacement: Uint8Array): void;
  /**
   * Accepts what still waits for a verdict (held, or not yet read), unbinds and closes. Safe to call twice.
   * Called inside `onBatch` it takes effect once the batch's verdicts are sent.
   */
  queue_close(queue: QueueHandle): void;

  /**
   * Opens one netlink socket of `protocol` (NETLINK_ROUTE 0, NETLINK_NETFILTER 12). A socket whose handle is
   * collected is closed, unless it is subscribed: then it lives, and keeps the event loop alive, until closed.
   */
  netlink_open(protocol: number, receiveBufferBytes: number): NetlinkHandle;
  /**
   * Sends `requests[0..length)`, whole netlink messages each padded to 4 bytes, in as few sends as the socket's
   * buffers allow without losing an answer. The addon writes their sequence numbers and flags into `requests`:
   * NLM_F_REQUEST, and NLM_F_ACK for the last of each send alone, as the kernel tells of failures unasked. Fills
   * `errnos[i]` with 0 or the positive errno of request i, and appends every message that is no ACK (answers to GETs)
   * to `replies`. Returns the bytes used in `replies`.
   *
   * errnos[i] is ETIMEDOUT or ENOBUFS if its answer may have been lost, and ENOBUFS if it did not fit into `replies`.
   * Throws EBUSY on a subscribed socket and while a dump is being read; ERR_INVALID_MESSAGE before anything is
   * sent if `requests` is not whole messages.
   */
  netlink_request(
    socket: NetlinkHandle,
    requests: Uint8Array,
    length: number,
    errnos: Int32Array,
    replies: Uint8Array,
  ): number;
  /** Sends one dump request (NLM_F_DUMP is added); its answer is read with netlink_dump_next, to its end. */
  netlink_dump(socket: NetlinkHandle, request: Uint8Array): void;
  /**
   * Next bytes of the dump into `buffer` (at least DUMP_BYTES): whole messages; 0 at the end; -1 at the end if
   * the table changed in between so that entries may be missing or double (NLM_F_DUMP_INTR). Throws the dump's
   * own errno, with which it is over.
   */
  netlink_dump_next(socket: NetlinkHandle, buffer: Uint8Array): number;
  /**
   * Joins multicast groups (numbers of enum nfnetlink_groups or rtnetlink_groups) and calls `onMessages(length)`
   * with whole messages in `buffer`, at least EVENT_BYTES long; length is -1 when events were lost (ENOBUFS).
   * `buffer` must not be detached or resized while the socket is open.
   */
  netlink_subscribe(
    socket: NetlinkHandle,
    groups: Uint32Array,
    buffer: Uint8Array,
    onMessages: (length: number) => void,
  ): void;
  /** Attaches a classic BPF program (struct sock_filter, 8 bytes each); do so before netlink_subscribe. */
  netlink_filter(socket: NetlinkHandle, program: Uint8Array): void;
  /** The socket's netlink port id, by which the kernel names its owner. */
  netlink_port(socket: NetlinkHandle): number;
  /** Closes the socket; safe to call twice. Every other call with a closed handle throws ERR_CLOSED. */
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
/** Bytes of a slab in which no packet is truncated: one slot for each, of 65,531 bytes and their attributes. */
export const SLAB_BYTES = BATCH * (65_536 + 512);
/** The largest replacement: what the 16-bit length of a netlink attribute leaves (NFQA_PAYLOAD). */
export const REPLACEMENT_MAX = LONGEST_PACKET;
/** Bytes netlink_dump_next needs in its buffer: the largest datagram the kernel makes of a dump. */
export const DUMP_BYTES = 32_768;
/** The least bytes netlink_subscribe needs in its buffer; more hands on more events at once. */
export const EVENT_BYTES = 8_192;
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

/** NF_DROP of linux/netfilter.h. */
export const VERDICT_DROP = 0;
/** NF_ACCEPT of linux/netfilter.h. */
export const VERDICT_ACCEPT = 1;
/** Ours: no verdict now, queue_verdict gives it later. */
export const VERDICT_HOLD = 0xffff;

/** Indexes of the queue's `counters`, which the addon alone increments. Packets received, seen by JavaScript or not. */
export const COUNTER_PACKETS = 0;
/** Calls of onBatch. */
export const COUNTER_BATCHES = 1;
/** Verdicts the kernel did not take: the packet was gone, or the send failed and it was accepted unmodified. */
export const COUNTER_VERDICT_ERRORS = 2;
/** Packets the kernel dropped because our receive buffer was full (sk_drops); a full queue is counted elsewhere. */
export const COUNTER_RECEIVE_OVERRUNS = 3;
/** Packets larger than their slot of the slab: accepted unmodified. */
export const COUNTER_TRUNCATED = 4;
/** Messages the addon could not read as a packet; none should ever be seen. Accepted if they have an id. */
export const COUNTER_MALFORMED = 5;
/** Rows whose verdict or replacement was impossible: accepted unmodified. */
export const COUNTER_BAD_ROWS = 6;
/** Numbers that `counters` must have room for; the last is not in use. */
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
