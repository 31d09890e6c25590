import type { Conntrack } from "../kernel/conntrack.ts";
import type { ConntrackEntry } from "../kernel/conntrack-message.ts";
import type { Pin, PinResult } from "../kernel/pin.ts";
import type { SequenceAdjustment } from "../kernel/sequence-adjustment.ts";
import {
  TCP_CONNTRACK_ESTABLISHED,
  TCP_CONNTRACK_NONE,
  TCP_CONNTRACK_SYN_RECV,
} from "../kernel/tcp-state.ts";
import type { FlowTuple } from "../kernel/tuple.ts";
import type { Counters } from "../observe/counters.ts";
import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";
import { familyOf } from "../packet/host.ts";
import type { Binding } from "../table/binding.ts";
import type { Flow } from "../table/flows.ts";
import { type ExternalAddress, externalHost, outsideOf } from "./external-address.ts";

/** Seconds a pin lives until its first packet renews it by the kernel's own timeouts. */
const PIN_TIMEOUT = 60;
const OPENING = { state: TCP_CONNTRACK_NONE, liberal: true };

/** A TCP connection in which an earlier run has found SIP. */
export interface FollowedBefore {
  /** The direction of its SYN. */
  readonly began: Pin["direction"];
  /** What the kernel makes of the sequence numbers of each direction. */
  readonly adjusted: Readonly<Record<Pin["direction"], SequenceAdjustment>>;
}

/**
 * Pins sees to it that a signalling flow has its conntrack, with our NAT, before its packet gets there. A flow
 * without NAT (IPv6) is pinned only inbound: outbound the kernel makes its entry as well.
 *
 * The kernel may forget an entry whenever it has been silent for its UDP timeout, so a flow that was silent
 * for half of that is asked for anew: one request, answered "exists" while the entry lives.
 */
export class Pins {
  readonly #conntrack: Conntrack;
  readonly #external: () => ExternalAddress;
  readonly #trusted: number;
  readonly #counters: Counters;

  /** @param trusted milliseconds of silence after which a flow's entry is not taken for granted */
  constructor(conntrack: Conntrack, external: () => ExternalAddress, trusted: number, counters: Counters) {
    this.#conntrack = conntrack;
    this.#external = external;
    this.#trusted = trusted;
    this.#counters = counters;
  }

  /**
   * The external port the kernel already uses for a flow of an endpoint we do not know: it was there before us.
   *
   * @returns undefined when there is no such flow, or when it is not translated to our address
   */
  portInUse(inside: Endpoint, remote: Endpoint, transport: Binding["transport"]): number | undefined {
    const entry = this.#conntrack.lookup({ protocol: transport, source: inside, destination: remote });
    if (entry === undefined) return undefined;
    const mapped = mappedTo(entry, inside);
    return mapped.host === externalHost(this.#external(), familyOf(inside.host)) ? mapped.port : undefined;
  }

  /**
   * @param now milliseconds
   * @returns undefined when the flow has its entry, else the error name that kept it from us
   */
  ensure(binding: Binding, flow: Flow, direction: Pin["direction"], now: number): string | undefined {
    if (direction === "outbound" && !binding.host.isTranslated) return undefined;
    if (flow.verifiedAt === undefined || now - flow.verifiedAt >= this.#trusted) {
      const failure = this.#pin(binding, flow, direction);
      if (failure !== undefined) {
        flow.verifiedAt = undefined;
        return failure;
      }
    }
    flow.verifiedAt = now;
    return undefined;
  }

  /**
   * Makes the entry of a TCP connection whose SYN has come. The kernel judges no sequence number of it: it sees ours,
   * which are those of neither side where lengths have just changed. An entry that an earlier connection of the same
   * two endpoints has left is replaced, as the kernel would do itself, and leave ours without its NAT. Without NAT, a
   * connection from inside is the kernel's own.
   *
   * @returns undefined when the flow has its entry, else the error name that kept it from us
   */
  connect(binding: Binding, flow: Flow, direction: Pin["direction"]): string | undefined {
    if (direction === "outbound" && !binding.host.isTranslated) return undefined;
    const pin = { ...this.#pinOf(binding, flow, direction), tcp: OPENING };
    let result = this.#conntrack.pin(pin);
    if (result.kind === "exists") {
      const state = result.entry.tcp?.state ?? TCP_CONNTRACK_NONE;
      // An inbound SYN, which anybody can forge, is of no connection that is established, and takes none out.
      if (direction === "inbound" && state === TCP_CONNTRACK_ESTABLISHED) return "EEXIST";
      if (state > TCP_CONNTRACK_SYN_RECV || !this.#isOurs(result.entry, binding)) {
        this.#conntrack.remove(pin.flow);
        result = this.#conntrack.pin(pin);
      }
    }
    return this.#outcome(result, binding, flow);
  }

  /**
   * Has the kernel shift the sequence numbers of one direction of a TCP connection.
   *
   * @param began the direction of its SYN
   * @returns undefined, or the errno name: ENOENT when it has no entry
   */
  adjust(
    binding: Binding,
    flow: Flow,
    began: Pin["direction"],
    direction: Pin["direction"],
    adjustment: SequenceAdjustment,
  ): string | undefined {
    const tuple = this.#pinOf(binding, flow, began).flow;
    return this.#conntrack.adjustSequence(tuple, direction === began ? "original" : "reply", adjustment);
  }

  /**
   * Finds out whether an earlier run has followed a TCP connection and found SIP in it: only then is its entry one of
   * ours whose numbers are adjusted, be it by nothing. Where the kernel has given the entry to a later connection, as by
   * a SYN that no daemon saw, it judges numbers again (nf_conntrack_tcp.c: a SYN is acknowledged "that we earlier
   * ignored"), so that is none.
   *
   * @returns undefined when it has not, or when the connection is not open
   */
  followedBefore(binding: Binding, remote: Endpoint): FollowedBefore | undefined {
    const { inside } = binding;
    const entry = this.#conntrack.lookup({ protocol: "tcp", source: inside, destination: remote });
    if (entry?.tcp?.state !== TCP_CONNTRACK_ESTABLISHED || !entry.tcp.liberal) return undefined;
    const { original, reply } = entry.sequenceAdjustment;
    if (original === undefined || reply === undefined || !this.#isOurs(entry, binding)) return undefined;
    this.#counters.adopted++;
    return isSameEndpoint(entry.original.source, inside)
      ? { began: "outbound", adjusted: { outbound: original, inbound: reply } }
      : { began: "inbound", adjusted: { outbound: reply, inbound: original } };
  }

  /** Takes a flow's entry out of the kernel, as when the address it was translated to is gone. */
  remove(binding: Binding, flow: Flow): void {
    flow.verifiedAt = undefined;
    const { inside, remote } = flow.ends;
    this.#conntrack.remove({ protocol: binding.transport, source: inside, destination: remote });
  }

  #pin(binding: Binding, flow: Flow, direction: Pin["direction"]): string | undefined {
    const pin = this.#pinOf(binding, flow, direction);
    let result = this.#conntrack.pin(pin);
    if (result.kind === "exists" && !this.#isOurs(result.entry, binding)) {
      // It was mapped while we were not there, to another port than the endpoint has toward everybody else.
      this.#conntrack.remove(pin.flow);
      result = this.#conntrack.pin(pin);
    }
    return this.#outcome(result, binding, flow);
  }

  #outcome(result: PinResult, binding: Binding, flow: Flow): string | undefined {
    switch (result.kind) {
      case "created":
        this.#counters.pinned++;
        return undefined;
      case "exists":
        if (flow.verifiedAt === undefined) this.#counters.adopted++;
        return this.#isOurs(result.entry, binding) ? undefined : "EEXIST";
      case "clash":
        return "EADDRINUSE";
      case "failed":
        return result.code;
    }
  }

  #isOurs(entry: ConntrackEntry, binding: Binding): boolean {
    return leadsTo(entry, binding.inside, this.#outside(binding));
  }

  #pinOf(binding: Binding, flow: Flow, direction: Pin["direction"]): Pin {
    const { inside, remote } = flow.ends;
    const external = this.#outside(binding);
    const outbound = direction === "outbound";
    const tuple: FlowTuple = {
      protocol: binding.transport,
      source: outbound ? inside : remote,
      destination: outbound ? remote : external,
    };
    const nat = isSameEndpoint(inside, external) ? undefined : outbound ? external : inside;
    return { direction, flow: tuple, nat, timeout: PIN_TIMEOUT };
  }

  #outside({ host, inside, port }: Binding): Endpoint {
    return outsideOf(host, inside, port, this.#external());
  }
}

/** What an inside endpoint appears as in an entry, whichever side sent its first packet. */
export function mappedTo(entry: ConntrackEntry, inside: Endpoint): Endpoint {
  const { source } = entry.original;
  const startedInside = source.host === inside.host && source.port === inside.port;
  return startedInside ? entry.reply.destination : entry.original.destination;
}

/** True when an entry connects this inside endpoint, and no other, with this external endpoint. */
export function leadsTo(entry: ConntrackEntry, inside: Endpoint, external: Endpoint): boolean {
  const { source } = entry.original;
  const startedInside = source.host === inside.host && source.port === inside.port;
  const reached = startedInside ? source : entry.reply.source;
  const mapped = mappedTo(entry, inside);
  return isSameEndpoint(reached, inside) && isSameEndpoint(mapped, external);
}
