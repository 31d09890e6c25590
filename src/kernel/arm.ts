import type { Endpoint } from "../packet/endpoint.ts";
import { encodeDeleteConntrack, encodeNewConntrack, type NewConntrack } from "./conntrack-message.ts";
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY } from "./ctnetlink.ts";
import { errnoName } from "./errno.ts";
import {
  type Expectation,
  type ExpectationKey,
  encodeDeleteExpectation,
  encodeExpectationTimeout,
  encodeNewExpectation,
} from "./expectation-message.ts";
import type { MessageWriter } from "./message-writer.ts";
import type { Job } from "./request-batch.ts";
import type { FlowTuple } from "./tuple.ts";

/** The destination port of our masters: no packet has it, so no flow is ever taken for one of them. */
export const MASTER_PORT = 0;
/** The helper they carry. */
export const MASTER_HELPER = "sip";

/**
 * Master is the conntrack that a stream's expectations hang on. No packet ever matches it: its ports are an id
 * of ours. It carries the helper "sip", without which the kernel takes no expectation for it, and which an
 * admin's `-m helper --helper sip` finds again on the media.
 */
export interface Master {
  readonly flow: FlowTuple;
  /** What the flow's source is translated to; undefined where there is no NAT (IPv6). */
  readonly natSource: Endpoint | undefined;
  /** Seconds; when it ends, its expectations end with it. */
  readonly timeout: number;
  /** Inherited by the media flows. */
  readonly mark?: number | undefined;
}

/** Expectations to be made under one master, each for itself; without the master the kernel takes none. */
export interface ArmRequest {
  readonly master: Master;
  /** False when an earlier request made the master. */
  readonly createMaster: boolean;
  readonly expectations: readonly Expectation[];
}

/** One expectation that the kernel would not take: its index in the request, and the errno name. */
export interface RefusedExpectation {
  readonly index: number;
  /**
   * EMFILE when the kernel's table is full, EBUSY when a pending expectation overlaps, EEXIST when the same is
   * pending, ENOENT when the master is gone, EOPNOTSUPP when it has no helper, EINVAL when nf_nat_sip is not loaded;
   * ENOBUFS and the like when the request did not get through.
   */
  readonly code: string;
}

/** What became of an arm request; those that are not `refused` are in the kernel. */
export type ArmResult =
  | { readonly kind: "armed" }
  | {
      readonly kind: "failed";
      /** Errno name of the master's creation: EEXIST when its tuple is taken, EOPNOTSUPP without the SIP helper. */
      readonly master: string | undefined;
      readonly refused: readonly RefusedExpectation[];
    };

/** Expectations to be taken out, each named by its tuple alone, whatever its master. */
export interface DisarmRequest {
  readonly expectations: readonly ExpectationKey[];
}

/** `absent` counts those the kernel no longer had; `code` is the errno of the first other failure. */
export interface DisarmResult {
  readonly removed: number;
  readonly absent: number;
  readonly code: string | undefined;
}

/** `code` is an errno name other than ENOENT. */
export type RemoveResult =
  | { readonly kind: "removed" }
  | { readonly kind: "absent" }
  | { readonly kind: "failed"; readonly code: string };

/** Seconds that the SIP helper gives an expectation of media (sip_exp_policy, net/netfilter/nf_conntrack_sip.c). */
const CLASS_TIMEOUT = 180;
const MASTER_STATUS = IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED;
const ARMED: ArmResult = { kind: "armed" };
const REMOVED: RemoveResult = { kind: "removed" };
const ABSENT: RemoveResult = { kind: "absent" };

/** Makes a master, if asked to, and its expectations, each with its timeout; each stands for itself. */
export class ArmJob implements Job {
  readonly messages: number;
  readonly #request: ArmRequest;
  readonly #done: (result: ArmResult) => void;

  constructor(request: ArmRequest, done: (result: ArmResult) => void) {
    this.#request = request;
    this.#done = done;
    let messages = request.createMaster ? 1 : 0;
    for (const expectation of request.expectations) messages += messagesOf(expectation);
    this.messages = messages;
  }

  encode(writer: MessageWriter): void {
    const { master, createMaster, expectations } = this.#request;
    if (createMaster) encodeNewConntrack(writer, masterEntry(master));
    for (const expectation of expectations) {
      encodeNewExpectation(writer, master.flow, expectation);
      if (messagesOf(expectation) > 1) {
        encodeExpectationTimeout(writer, master.flow, expectation);
      }
    }
  }

  settle(errnos: Int32Array, at: number): void {
    this.#done(this.#result(errnos, at));
  }

  #result(errnos: Int32Array, first: number): ArmResult {
    const { createMaster, expectations } = this.#request;
    let refused: RefusedExpectation[] | undefined;
    let at = createMaster ? first + 1 : first;
    let index = 0;
    for (const expectation of expectations) {
      const errno = errnos[at] ?? 0;
      if (errno !== 0) {
        refused ??= [];
        refused.push({ index, code: errnoName(errno) });
      }
      // The answer to its timeout says nothing: a packet may have used the expectation between the two.
      at += messagesOf(expectation);
      index++;
    }
    if (refused === undefined && expectations.length > 0) return ARMED;
    const errno = createMaster ? (errnos[first] ?? 0) : 0;
    const master = errno === 0 ? undefined : errnoName(errno);
    return refused === undefined && master === undefined
      ? ARMED
      : { kind: "failed", master, refused: refused ?? [] };
  }
}

/** Every message counts on the packet path, so the timeout that the kernel gives by itself is not sent. */
function messagesOf({ timeout }: Expectation): 1 | 2 {
  return timeout === CLASS_TIMEOUT ? 1 : 2;
}

/** Gives expectations their full time again; one that is gone stays gone. */
export class RenewJob implements Job {
  readonly messages: number;
  readonly #master: Master;
  readonly #expectations: readonly Expectation[];

  constructor(master: Master, expectations: readonly Expectation[]) {
    this.#master = master;
    this.#expectations = expectations;
    this.messages = expectations.length;
  }

  encode(writer: MessageWriter): void {
    const { flow } = this.#master;
    for (const expectation of this.#expectations) encodeExpectationTimeout(writer, flow, expectation);
  }

  settle(): void {
    // Whatever the answer, the events tell what became of it.
  }
}

/** Deletes expectations one by one. */
export class DisarmJob implements Job {
  readonly messages: number;
  readonly #request: DisarmRequest;
  readonly #done: ((result: DisarmResult) => void) | undefined;

  constructor(request: DisarmRequest, done: ((result: DisarmResult) => void) | undefined) {
    this.#request = request;
    this.#done = done;
    this.messages = request.expectations.length;
  }

  encode(writer: MessageWriter): void {
    for (const expectation of this.#request.expectations) encodeDeleteExpectation(writer, expectation);
  }

  settle(errnos: Int32Array, at: number): void {
    if (this.#done === undefined) return;
    let [removed, absent] = [0, 0];
    let code: string | undefined;
    for (let index = 0; index < this.messages; index++) {
      const result = removeResult(errnos[at + index] ?? 0);
      if (result.kind === "removed") removed++;
      else if (result.kind === "absent") absent++;
      else code ??= result.code;
    }
    this.#done({ removed, absent, code });
  }
}

/** Deletes a master, and with it all its expectations. */
export class RemoveMasterJob implements Job {
  readonly messages = 1;
  readonly #flow: FlowTuple;
  readonly #done: ((result: RemoveResult) => void) | undefined;

  constructor(flow: FlowTuple, done: ((result: RemoveResult) => void) | undefined) {
    this.#flow = flow;
    this.#done = done;
  }

  encode(writer: MessageWriter): void {
    encodeDeleteConntrack(writer, this.#flow);
  }

  settle(errnos: Int32Array, at: number): void {
    this.#done?.(removeResult(errnos[at] ?? 0));
  }
}

/** Reads the errno of a delete request. */
export function removeResult(errno: number): RemoveResult {
  if (errno === 0) return REMOVED;
  const code = errnoName(errno);
  return code === "ENOENT" ? ABSENT : { kind: "failed", code };
}

function masterEntry(master: Master): NewConntrack {
  return {
    original: master.flow,
    sourceNat: master.natSource,
    status: MASTER_STATUS,
    timeout: master.timeout,
    mark: master.mark,
    helper: MASTER_HELPER,
  };
}
