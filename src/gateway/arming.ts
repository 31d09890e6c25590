import type { ArmResult, Master } from "../kernel/arm.ts";
import type { Conntrack } from "../kernel/conntrack.ts";
import { EXPECTATION_CLASS, type Expectation, type ExpectationEntry } from "../kernel/expectation-message.ts";
import type { Counters } from "../observe/counters.ts";
import type { LogBudget } from "../observe/log.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { Arming } from "../table/calls.ts";
import { type Component, type Stream, type Wanted, wantedKey } from "../table/streams.ts";
import type { ExternalAddress } from "./external-address.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** Seconds and marks of what is put into the kernel. */
export interface ArmingOptions {
  /** Seconds until the kernel gives up an expectation nobody uses. */
  readonly expectationTimeout: number;
  /** Seconds a master lives; longer than any call, as its end is the end of its expectations. */
  readonly masterTimeout: number;
  /** Connection mark of media flows, undefined for none. */
  readonly mark: number | undefined;
}

/** The destination port of our masters: no packet has it, so no flow is ever taken for one of them. */
export const MASTER_PORT = 0;

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

  arm(stream: Stream, component: Component, wanted: readonly Wanted[], failed: (code: string) => void): void {
    const createMaster = stream.master === "absent";
    const expectations = wanted.map((one) => this.#expectation(stream, component, one));
    // The next component of this stream is queued behind this one and finds the master there.
    stream.master = "present";
    this.#conntrack.arm({ master: this.#master(stream), createMaster, expectations }, (result) => {
      if (result.kind === "armed") {
        this.#counters.armed += expectations.length;
        this.#stray.watch(stream, component, this.#now());
      } else this.#failed(stream, component, createMaster, result, failed);
    });
  }

  disarm(stream: Stream, component: Component, wanted: readonly Wanted[]): void {
    const expectations = wanted.map((one) => this.#expectation(stream, component, one));
    this.#conntrack.disarm({ expectations }, ({ removed, code }) => {
      this.#counters.disarmed += removed;
      if (code !== undefined) {
        this.#log.warn(this.#now(), { callId: stream.call.callId, code }, "expectations were not taken out");
      }
    });
  }

  hasFlow(stream: Stream, component: Component, remote: Endpoint): boolean {
    const flow = { protocol: stream.transport, source: component.inside, destination: remote };
    return this.#conntrack.lookup(flow) !== undefined;
  }

  release(stream: Stream): void {
    stream.master = "absent";
    this.#conntrack.removeMaster(this.#master(stream).flow, (result) => {
      if (result.kind !== "failed") return;
      this.#log.warn(
        this.#now(),
        { callId: stream.call.callId, code: result.code },
        "master was not taken out",
      );
    });
  }

  #failed(
    stream: Stream,
    component: Component,
    createMaster: boolean,
    result: Extract<ArmResult, { kind: "failed" }>,
    failed: (code: string) => void,
  ): void {
    // ENOENT: the master we counted on is gone (conntrack -F), so the next SDP makes another.
    if (createMaster || result.code === "ENOENT") stream.master = "absent";
    this.#counters.armFailed++;
    failed(result.code);
    this.#log.warn(
      this.#now(),
      {
        callId: stream.call.callId,
        component: component.kind,
        port: component.port,
        step: result.step,
        code: result.code,
      },
      "media could not be armed; the message passes translated",
    );
  }

  #master(stream: Stream): Master {
    const external = this.#external().host;
    const flow = {
      protocol: "udp" as const,
      source: { host: stream.inside.host, port: stream.id },
      destination: { host: stream.peer, port: MASTER_PORT },
    };
    const { masterTimeout: timeout, mark } = this.#options;
    return { flow, natSource: { host: external, port: stream.id }, timeout, mark };
  }

  #expectation(stream: Stream, component: Component, wanted: Wanted): Expectation {
    const shared = {
      // The kernel counts 4 expectations of a class per master; RTP and RTCP take a class each.
      class: component.kind === "rtp" ? EXPECTATION_CLASS.audio : EXPECTATION_CLASS.video,
      protocol: stream.transport,
      timeout: this.#options.expectationTimeout,
    };
    if (wanted.direction === "inbound") {
      return {
        ...shared,
        direction: "inbound",
        from: { host: wanted.source, port: undefined },
        to: { host: this.#external().host, port: component.port },
        saved: component.inside,
      };
    }
    return {
      ...shared,
      direction: "outbound",
      from: { host: component.inside.host, port: undefined },
      to: wanted.remote,
      saved: wanted.remote,
    };
  }
}

/** The name, within its component, of an expectation the kernel tells of (see `wantedKey`). */
export function keyOf(entry: ExpectationEntry): string {
  return entry.nat?.direction === "inbound"
    ? wantedKey({ direction: "inbound", source: entry.from.host })
    : wantedKey({ direction: "outbound", remote: entry.to });
}

/** The component of `stream` that an expectation the kernel tells of belongs to. */
export function componentOf(stream: Stream, entry: ExpectationEntry): Component | undefined {
  const key = keyOf(entry);
  const inbound = entry.nat?.direction === "inbound";
  return stream.components.find(
    (component) =>
      (component.armed.has(key) || component.removed.has(key)) &&
      (!inbound || entry.to.port === component.port),
  );
}
