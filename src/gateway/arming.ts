import type { ArmResult, Master } from "../kernel/arm.ts";
import type { Conntrack } from "../kernel/conntrack.ts";
import {
  EXPECTATION_CLASS,
  type Expectation,
  type ExpectationEntry,
  type ExpectedSource,
} from "../kernel/expectation-message.ts";
import type { FlowTuple } from "../kernel/tuple.ts";
import type { Counters } from "../observe/counters.ts";
import type { LogBudget } from "../observe/log.ts";
import type { ArmFailed, ArmFailure, Arming } from "../table/arming.ts";
import { expectationsOf } from "../table/component-state.ts";
import type { Component, Stream } from "../table/streams.ts";
import { type Wanted, wantedKey } from "../table/wanted.ts";
import { type ExternalAddress, outsideOf } from "./external-address.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** Seconds and marks of what is put into the kernel. */
export interface ArmingOptions {
  /** Seconds until the kernel gives up an expectation that is not renewed. */
  readonly expectationTimeout: number;
  /** Seconds a master lives; longer than any call, as its end is the end of its expectations. */
  readonly masterTimeout: number;
  /** Connection mark of media flows, undefined for none. */
  readonly mark: number | undefined;
}

/** The destination port of our masters: no packet has it, so no flow is ever taken for one of them. */
export const MASTER_PORT = 0;
/** The helper they carry. */
export const MASTER_HELPER = "sip";

const ANYWHERE: ExpectedSource = { host: undefined, port: undefined };

/** What each refusal of the kernel means; what is not listed will be refused whenever it is asked. */
const FAILURES: Readonly<Record<string, ArmFailure>> = {
  EMFILE: "full",
  EBUSY: "taken",
  EEXIST: "taken",
  ENOENT: "master-gone",
  // Something else has its tuple now, and carries no helper.
  EOPNOTSUPP: "master-gone",
  ENOBUFS: "busy",
  ENOMEM: "busy",
  EAGAIN: "busy",
  EINTR: "busy",
};
/** Which of several failures of one request is answered first. */
const ORDER: readonly ArmFailure[] = ["master-gone", "full", "busy", "taken", "refused"];
/** Remedies for what only the admin can mend. */
const REMEDIES: Readonly<Record<string, string>> = {
  EOPNOTSUPP: "the kernel has no SIP helper; modprobe nf_conntrack_sip",
  EINVAL: "the kernel has no SIP NAT; modprobe nf_nat_sip",
  EPERM: "the daemon may not change connection tracking; it needs CAP_NET_ADMIN",
};

/**
 * KernelArming puts the table's wishes into the kernel's words. Requests are queued and go out in one send
 * before the verdicts of their batch; `external` and `now` are asked when they are made.
 */
export class KernelArming implements Arming {
  readonly #conntrack: Conntrack;
  readonly #external: () => ExternalAddress;
  readonly #now: () => number;
  readonly #options: ArmingOptions;
  readonly #stray: StrayEntries;
  readonly #counters: Counters;
  readonly #log: LogBudget;

  constructor(
    conntrack: Conntrack,
    external: () => ExternalAddress,
    now: () => number,
    options: ArmingOptions,
    stray: StrayEntries,
    counters: Counters,
    log: LogBudget,
  ) {
    this.#conntrack = conntrack;
    this.#external = external;
    this.#now = now;
    this.#options = options;
    this.#stray = stray;
    this.#counters = counters;
    this.#log = log;
  }

  arm(component: Component, wanted: readonly Wanted[], failed: ArmFailed): void {
    const { stream } = component;
    const createMaster = stream.master === "absent";
    const expectations = wanted.map((one) => this.#expectation(component, one));
    // The next component of this stream is queued behind this one and finds the master there.
    stream.master = "present";
    this.#conntrack.arm({ master: this.#master(stream), createMaster, expectations }, (result) => {
      const refused = result.kind === "armed" ? 0 : result.refused.length;
      this.#counters.armed += expectations.length - refused;
      if (refused < expectations.length) this.#stray.watch(component, this.#now());
      if (result.kind === "failed") this.#failed(component, wanted, result, failed);
    });
  }

  renew(component: Component, wanted: readonly Wanted[]): void {
    const expectations = wanted.map((one) => this.#expectation(component, one));
    this.#conntrack.renew(this.#master(component.stream), expectations);
  }

  disarm(component: Component, wanted: readonly Wanted[]): void {
    const expectations = wanted.map((one) => this.#expectation(component, one));
    this.#conntrack.disarm({ expectations }, ({ removed, code }) => {
      this.#counters.disarmed += removed;
      if (code === undefined) return;
      const { callId } = component.stream.call;
      this.#log.warn(this.#now(), { callId, code }, "expectations were not taken out");
    });
  }

  release(stream: Stream): void {
    stream.master = "absent";
    this.#conntrack.removeMaster(masterFlow(stream), (result) => {
      if (result.kind !== "failed") return;
      const { callId } = stream.call;
      this.#log.warn(this.#now(), { callId, code: result.code }, "master was not taken out");
    });
  }

  #failed(
    component: Component,
    wanted: readonly Wanted[],
    { master, refused }: Extract<ArmResult, { kind: "failed" }>,
    failed: ArmFailed,
  ): void {
    const failure = master === "EEXIST" ? "id-taken" : failureOf(refused.map(({ code }) => code));
    const code = master ?? refused[0]?.code ?? "";
    const remedy = REMEDIES[code];
    this.#counters.armFailed[failure]++;
    const { kind, port, stream } = component;
    this.#log.warn(
      this.#now(),
      { callId: stream.call.callId, component: kind, port, code, failure, ...(remedy && { remedy }) },
      "the kernel took not all expectations of a component; the message passes translated",
    );
    failed(
      failure,
      wanted.filter((_, index) => refused.some((one) => one.index === index)),
    );
  }

  #master(stream: Stream): Master {
    const { host } = stream.call;
    const { rtp } = stream.target;
    const { masterTimeout: timeout, mark } = this.#options;
    const natSource = host.isTranslated ? outsideOf(host, rtp, stream.id, this.#external()) : undefined;
    return { flow: masterFlow(stream), natSource, timeout, mark };
  }

  #expectation(component: Component, wanted: Wanted): Expectation {
    const { kind, inside, port, stream } = component;
    const { direction } = wanted;
    const isInbound = direction === "inbound";
    const target = isInbound ? inside : wanted.remote;
    const { host } = stream.call;
    return {
      direction,
      // The kernel counts 4 expectations of a class per master; RTP and RTCP take a class each.
      class: kind === "rtp" ? EXPECTATION_CLASS.audio : EXPECTATION_CLASS.video,
      protocol: stream.target.transport,
      // Only a packet from the very port the SDP names finds its twin (nf_nat_sip_expected), and two calls of one
      // phone to one remote port are then two tuples.
      from: isInbound ? sourceOf(wanted.source) : inside,
      to: isInbound ? outsideOf(host, inside, port, this.#external()) : wanted.remote,
      saved: host.isTranslated ? target : undefined,
      timeout: this.#options.expectationTimeout,
    };
  }
}

/** A stream's master, as its packets would arrive. */
function masterFlow({ id, peer, target }: Stream): FlowTuple {
  return {
    protocol: "udp",
    source: { host: target.rtp.host, port: id },
    destination: { host: peer, port: MASTER_PORT },
  };
}

function sourceOf(host: string | undefined): ExpectedSource {
  return host === undefined ? ANYWHERE : { host, port: undefined };
}

function failureOf(codes: readonly string[]): ArmFailure {
  const failures = codes.map((code) => FAILURES[code] ?? "refused");
  return ORDER.find((one) => failures.includes(one)) ?? "refused";
}

/** The name, within its component, of an expectation the kernel tells of (see `wantedKey`). */
export function keyOf(entry: ExpectationEntry): string {
  return wantedKey(wantedOf(entry));
}

/** An expectation that the kernel tells of, in the table's words. */
export function wantedOf(entry: ExpectationEntry): Wanted {
  return isInbound(entry)
    ? { direction: "inbound", source: entry.from.host }
    : { direction: "outbound", remote: entry.to };
}

/** The component of `stream` that has an external port. */
export function componentAt({ components }: Stream, port: number): Component | undefined {
  for (const component of components) if (component.port === port) return component;
  return undefined;
}

/** The component of `stream` that an expectation the kernel tells of belongs to. */
export function componentOf(stream: Stream, entry: ExpectationEntry): Component | undefined {
  const { from, to } = entry;
  if (isInbound(entry)) return componentAt(stream, to.port);
  const key = keyOf(entry);
  return stream.components.find((component) => {
    const isFrom = from.host === component.inside.host && from.port === component.inside.port;
    return isFrom || expectationsOf(component).has(key);
  });
}

/** Without NAT it shows by what it leaves open: we never expect an inbound flow from a certain port. */
function isInbound({ nat, from }: ExpectationEntry): boolean {
  return nat === undefined ? from.port === undefined : nat.direction === "inbound";
}
