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
  readonly zone?: number | undefined;
}

export interface ArmRequest {
  readonly master: Master;
  /** False when an earlier request made the master. */
  readonly createMaster: boolean;
  readonly expectations: readonly Expectation[];
}

/**
 * `code` is an errno name. At step "master": EEXIST when the id is taken, EOPNOTSUPP when the kernel has no SIP
 * helper. At step "expectation": EMFILE when the kernel's table is full, EBUSY when a pending expectation
 * overlaps, EEXIST when the same is pending, ENOENT when the master is gone, EOPNOTSUPP when it has no helper,
 * EINVAL when nf_nat_sip is not loaded. `index` is the expectation's, -1 for the master.
 */
export type ArmResult =
  | { readonly kind: "armed" }
  | {
      readonly kind: "failed";
      readonly step: "master" | "expectation" | "timeout";
      readonly index: number;
      readonly code: string;
    };

export interface DisarmRequest {
  readonly expectations: readonly ExpectationKey[];
  readonly zone?: number | undefined;
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

const MASTER_STATUS = IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED;
const ARMED: ArmResult = { kind: "armed" };
const REMOVED: RemoveResult = { kind: "removed" };
const ABSENT: RemoveResult = { kind: "absent" };

/** Makes a master, if asked to, and its expectations, each with its timeout: all of them or none. */
export class ArmJob implements Job {
  readonly messages: number;
  readonly #request: ArmRequest;
  readonly #done: (result: ArmResult) => void;

  constructor(request: ArmRequest, done: (result: ArmResult) => void) {
    this.#request = request;
    this.#done = done;
    this.messages = (request.createMaster ? 1 : 0) + 2 * request.expectations.length;
  }

  encode(writer: MessageWriter): void {
    const { master, createMaster, expectations } = this.#request;
    if (createMaster) encodeNewConntrack(writer, masterEntry(master));
    for (const expectation of expectations) {
      encodeNewExpectation(writer, master.flow, expectation, master.zone);
      encodeExpectationTimeout(writer, master.flow, expectation, master.zone);
    }
  }

  undo(errnos: Int32Array, writer: MessageWriter): number {
    if (this.#result(errnos).kind === "armed") return 0;
    const { master, createMaster, expectations } = this.#request;
    // A master that this request made takes its expectations with it.
    if (createMaster && errnos[0] === 0) {
      encodeDeleteConntrack(writer, master.flow, master.zone);
      return 1;
    }
    let count = 0;
    const first = createMaster ? 1 : 0;
    expectations.forEach((expectation, index) => {
      if (errnos[first + 2 * index] !== 0) return;
      encodeDeleteExpectation(writer, expectation, undefined, master.zone);
      count++;
    });
    return count;
  }

  settle(errnos: Int32Array): void {
    this.#done(this.#result(errnos));
  }

  #result(errnos: Int32Array): ArmResult {
    const at = errnos.findIndex((errno) => errno !== 0);
    if (at < 0) return ARMED;
    const code = errnoName(errnos[at] ?? 0);
    if (this.#request.createMaster && at === 0) return { kind: "failed", step: "master", index: -1, code };
    const position = this.#request.createMaster ? at - 1 : at;
    return {
      kind: "failed",
      step: position % 2 === 0 ? "expectation" : "timeout",
      index: position >> 1,
      code,
    };
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
    const { expectations, zone } = this.#request;
    for (const expectation of expectations) encodeDeleteExpectation(writer, expectation, undefined, zone);
  }

  undo(): number {
    return 0;
  }

  settle(errnos: Int32Array): void {
    if (this.#done === undefined) return;
    let [removed, absent] = [0, 0];
    let code: string | undefined;
    for (const errno of errnos) {
      const result = removeResult(errno);
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
  readonly #zone: number | undefined;
  readonly #done: ((result: RemoveResult) => void) | undefined;

  constructor(flow: FlowTuple, zone: number | undefined, done: ((result: RemoveResult) => void) | undefined) {
    this.#flow = flow;
    this.#zone = zone;
    this.#done = done;
  }

  encode(writer: MessageWriter): void {
    encodeDeleteConntrack(writer, this.#flow, this.#zone);
  }

  undo(): number {
    return 0;
  }

  settle(errnos: Int32Array): void {
    this.#done?.(removeResult(errnos[0] ?? 0));
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
    zone: master.zone,
    helper: "sip",
  };
}
