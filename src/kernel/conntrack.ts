import {
  ArmJob,
  type ArmRequest,
  type ArmResult,
  DisarmJob,
  type DisarmRequest,
  type DisarmResult,
  type Master,
  RemoveMasterJob,
  type RemoveResult,
  RenewJob,
  removeResult,
} from "./arm.ts";
import {
  type ConntrackEntry,
  type ConntrackFilter,
  type Direction,
  decodeConntrack,
  encodeConntrackAdjustment,
  encodeDeleteConntrack,
  encodeDumpConntrack,
  encodeGetConntrack,
  encodeNewConntrack,
} from "./conntrack-message.ts";
import { errnoName } from "./errno.ts";
import {
  decodeExpectation,
  type Expectation,
  type ExpectationEntry,
  encodeDumpExpectations,
} from "./expectation-message.ts";
import { KernelError } from "./kernel-error.ts";
import { MessageWriter } from "./message-writer.ts";
import type { Native } from "./native.ts";
import { dump } from "./netlink-dump.ts";
import { messages, NETLINK_NETFILTER } from "./netlink-message.ts";
import { NetlinkSocket } from "./netlink-socket.ts";
import { type Pin, type PinResult, pinEntry } from "./pin.ts";
import { RequestBatch } from "./request-batch.ts";
import type { SequenceAdjustment } from "./sequence-adjustment.ts";
import type { FlowTuple } from "./tuple.ts";

const CREATED: PinResult = { kind: "created" };
const CLASH: PinResult = { kind: "clash" };

/**
 * Conntrack is what we ask of the kernel's connection tracking, over one netlink socket and synchronously: a
 * request has been carried out when its method (or, for the queued ones, `flush`) returns.
 *
 * Methods that answer with a result do not throw for what the kernel refuses; all of them throw KernelError when
 * the socket itself fails, `flush` excepted, which reports it to every request it concerns.
 */
export class Conntrack {
  readonly #native: Native;
  readonly #socket: NetlinkSocket;
  readonly #batch: RequestBatch;
  readonly #writer = new MessageWriter(1024);
  readonly #errno = new Int32Array(1);
  #replied = 0;

  private constructor(native: Native, socket: NetlinkSocket) {
    this.#native = native;
    this.#socket = socket;
    this.#batch = new RequestBatch(socket);
  }

  /** Throws KernelError when there is no nfnetlink. What needs CAP_NET_ADMIN fails with EPERM only when asked. */
  static open(native: Native): Conntrack {
    return new Conntrack(native, NetlinkSocket.open(native, NETLINK_NETFILTER, "conntrack"));
  }

  /** The netlink port id that its requests come from. */
  get port(): number {
    return this.#socket.port;
  }

  /** Makes the conntrack of a signalling flow with its NAT (DESIGN §4.1). */
  pin(pin: Pin): PinResult {
    encodeNewConntrack(this.#begin(), pinEntry(pin));
    const errno = this.#request();
    if (errno === 0) return CREATED;
    const code = errnoName(errno);
    if (code !== "EEXIST") return { kind: "failed", code };
    const entry = this.lookup(pin.flow);
    return entry === undefined ? CLASH : { kind: "exists", entry };
  }

  /**
   * Finds the entry of which `flow` is either direction, as its packets arrive.
   *
   * @returns undefined when there is none; throws KernelError for any other refusal
   */
  lookup(flow: FlowTuple): ConntrackEntry | undefined {
    encodeGetConntrack(this.#begin(), flow);
    const errno = this.#request();
    if (errno !== 0) {
      const code = errnoName(errno);
      if (code === "ENOENT") return undefined;
      throw new KernelError("look up conntrack", code);
    }
    for (const message of messages(this.#socket.replies, this.#replied)) {
      return decodeConntrack(this.#socket.replies, message);
    }
    return undefined;
  }

  /** Deletes the entry of which `flow` is either direction, and the expectations it is master of. */
  remove(flow: FlowTuple): RemoveResult {
    encodeDeleteConntrack(this.#begin(), flow);
    return removeResult(this.#request());
  }

  /**
   * Makes the kernel shift the sequence numbers of one direction of a TCP flow, and the ACKs of the other.
   *
   * @returns undefined, or the errno name: ENOENT when there is no such entry
   */
  adjustSequence(flow: FlowTuple, direction: Direction, adjustment: SequenceAdjustment): string | undefined {
    encodeConntrackAdjustment(this.#begin(), flow, direction, adjustment);
    const errno = this.#request();
    return errno === 0 ? undefined : errnoName(errno);
  }

  /** Requests queued for the next flush. */
  get queued(): number {
    return this.#batch.size;
  }

  /** Queues a master and its expectations; `done` hears what the kernel would not take. */
  arm(request: ArmRequest, done: (result: ArmResult) => void): void {
    this.#batch.add(new ArmJob(request, done));
  }

  /** Queues that expectations get their full timeouts again. */
  renew(master: Master, expectations: readonly Expectation[]): void {
    this.#batch.add(new RenewJob(master, expectations));
  }

  /** Queues the deletion of single expectations. */
  disarm(request: DisarmRequest, done?: (result: DisarmResult) => void): void {
    this.#batch.add(new DisarmJob(request, done));
  }

  /** Queues the deletion of a master, and with it of all its expectations. */
  removeMaster(flow: FlowTuple, done?: (result: RemoveResult) => void): void {
    this.#batch.add(new RemoveMasterJob(flow, done));
  }

  /** Sends what is queued, in order, and calls each `done`. What a `done` queues waits for the next flush. */
  flush(): void {
    this.#batch.flush();
  }

  /** Yields the UDP and TCP entries that pass `filter`, in no order. */
  *dumpConntrack(filter?: ConntrackFilter): Generator<ConntrackEntry> {
    const writer = new MessageWriter(1024);
    encodeDumpConntrack(writer, filter);
    for (const { bytes, message } of dump(this.#native, NETLINK_NETFILTER, "dump conntrack", writer)) {
      const entry = decodeConntrack(bytes, message);
      if (entry !== undefined) yield entry;
    }
  }

  /** Yields all UDP and TCP expectations, whoever made them, in no order. */
  *dumpExpectations(): Generator<ExpectationEntry> {
    const writer = new MessageWriter(1024);
    encodeDumpExpectations(writer);
    for (const { bytes, message } of dump(this.#native, NETLINK_NETFILTER, "dump expectations", writer)) {
      const entry = decodeExpectation(bytes, message);
      if (entry !== undefined) yield entry;
    }
  }

  /** Closes the socket; what is queued is not sent. Safe to call twice. */
  close(): void {
    this.#socket.close();
  }

  #begin(): MessageWriter {
    this.#writer.clear();
    return this.#writer;
  }

  #request(): number {
    this.#replied = this.#socket.request(this.#writer, this.#errno);
    return this.#errno[0] ?? 0;
  }
}
