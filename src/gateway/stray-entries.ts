import type { Conntrack } from "../kernel/conntrack.ts";
import type { FlowTuple } from "../kernel/tuple.ts";
import type { Counters } from "../observe/counters.ts";
import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";
import { expectationsOf, flowOf } from "../table/component-state.ts";
import type { Component } from "../table/streams.ts";
import { type ExternalAddress, outsideOf } from "./external-address.ts";
import { leadsTo, mappedTo } from "./pins.ts";

/** Milliseconds after arming at which a component that does not flow yet is looked at again. */
const CHECKS = [0, 250, 1000, 4000] as const;

/** A component that was armed, at a time in milliseconds; those that wait for the same look are a list. */
interface Watch {
  readonly component: Component;
  readonly armedAt: number;
  next: Watch | undefined;
}

/** Those that wait for one of CHECKS; all wait the same time there, so the first is due first. */
interface WaitingForCheck {
  readonly delay: number;
  /** Those that wait for the look after that. */
  readonly later: WaitingForCheck | undefined;
  first: Watch | undefined;
  last: Watch | undefined;
}

/** Where the kernel's entry of a flow leads, as one component sees it. */
type LeadsTo = "nowhere" | "here" | "later-call" | "astray";

/** Told of a conntrack that already carries a component's media as it should. */
export type FlowFound = (component: Component, remote: Endpoint) => void;

/**
 * StrayEntries takes out conntracks that media got before its expectations were there, and that lead elsewhere.
 *
 * A phone that answers a call may send its first RTP right behind the 200; RTP is not queued, so it can overtake
 * the 200 while that waits for us, and is then masqueraded to some port. Being refreshed by every packet, that
 * entry would stand for the whole call. The same holds for what an old call or a time without the daemon left.
 */
export class StrayEntries {
  readonly #conntrack: Pick<Conntrack, "lookup" | "remove">;
  readonly #external: () => ExternalAddress;
  readonly #counters: Counters;
  readonly #componentAt: (port: number) => Component | undefined;
  readonly #found: FlowFound;
  readonly #waiting = waitingForChecks();

  /**
   * @param external our address
   * @param componentAt finds whose an external media port is
   */
  constructor(
    conntrack: Pick<Conntrack, "lookup" | "remove">,
    external: () => ExternalAddress,
    counters: Counters,
    componentAt: (port: number) => Component | undefined,
    found: FlowFound,
  ) {
    this.#conntrack = conntrack;
    this.#external = external;
    this.#counters = counters;
    this.#componentAt = componentAt;
    this.#found = found;
  }

  /** Notes a component whose expectations the kernel has taken; `now` in milliseconds. */
  watch(component: Component, now: number): void {
    // Without an answer nobody knows between whom a stray entry would be.
    let isAnswered = false;
    for (const { direction } of expectationsOf(component).values()) isAnswered ||= direction === "outbound";
    if (!isAnswered) return;
    const watch: Watch = { component, armedAt: now, next: undefined };
    component.watch = watch;
    if (this.#waiting !== undefined) append(this.#waiting, watch);
  }

  /** Looks at every component that is due, and at no other; to be called after a flush and at every tick. */
  check(now: number): void {
    for (let waiting = this.#waiting; waiting !== undefined; waiting = waiting.later) {
      for (let watch = waiting.first; watch !== undefined; watch = waiting.first) {
        if (now - watch.armedAt < waiting.delay) break;
        waiting.first = watch.next;
        const { component } = watch;
        // It may have been armed again since.
        if (component.watch !== watch) continue;
        if (component.state.kind === "armed") this.#look(component);
        if (component.state.kind === "armed" && waiting.later !== undefined) append(waiting.later, watch);
        else component.watch = undefined;
      }
    }
  }

  /** The far end of the conntrack that carries a component's media, if the kernel has one that leads to it. */
  find(component: Component, remotes: Iterable<Endpoint>): Endpoint | undefined {
    for (const remote of remotes) {
      for (const flow of this.#flows(component, remote)) {
        if (this.#leadsTo(component, flow) === "here") return remote;
      }
    }
    return undefined;
  }

  /**
   * Takes out what keeps a component's media from its remote: the phone's own packets overtook their expectation, so
   * that their entry leads elsewhere, and the kernel has then bent the remote's to another source port, so that the
   * two do not meet. Both would last for the whole call.
   *
   * @param bent the remote's
   * @returns false when both stand, as the phone's is a later call's
   */
  straighten(component: Component, remote: Endpoint, bent: FlowTuple): boolean {
    const [outward] = this.#flows(component, remote);
    if (this.#clear(component, outward) === "later-call") return false;
    this.#remove(bent);
    return true;
  }

  #look(component: Component): void {
    const known = flowOf(component)?.remote;
    for (const wanted of [...expectationsOf(component).values()]) {
      if (wanted.direction !== "outbound") continue;
      const { remote } = wanted;
      const led = this.#flows(component, remote).map((flow) => this.#clear(component, flow));
      const isNews = known === undefined || !isSameEndpoint(known, remote);
      if (led.includes("here") && isNews) this.#found(component, remote);
    }
  }

  /** Removes the entry of a flow if it has gone astray. */
  #clear(component: Component, flow: FlowTuple): LeadsTo {
    const led = this.#leadsTo(component, flow);
    if (led === "astray") this.#remove(flow);
    return led;
  }

  /**
   * An entry that leads to a later call of the same phone, from the same port to the same remote, is that call's: the
   * two must not fight over it.
   */
  #leadsTo(component: Component, flow: FlowTuple): LeadsTo {
    const { inside, stream } = component;
    const entry = this.#conntrack.lookup(flow);
    if (entry === undefined) return "nowhere";
    if (leadsTo(entry, inside, this.#outside(component))) return "here";
    const other = this.#componentAt(mappedTo(entry, inside).port);
    // Plain NAT may have given it a port that is another phone's: that makes it nobody's.
    const isOfPhone = other !== undefined && other !== component && isSameEndpoint(other.inside, inside);
    const isLater = isOfPhone && other.stream.call.beganAt >= stream.call.beganAt;
    return isLater && leadsTo(entry, inside, this.#outside(other)) ? "later-call" : "astray";
  }

  #remove(flow: FlowTuple): void {
    this.#conntrack.remove(flow);
    this.#counters.strayRemoved++;
  }

  /** The flows between a component and a remote, as each side's packets begin them: the phone's first. */
  #flows(component: Component, remote: Endpoint): [FlowTuple, FlowTuple] {
    const { inside, stream } = component;
    const protocol = stream.target.transport;
    return [
      { protocol, source: inside, destination: remote },
      { protocol, source: remote, destination: this.#outside(component) },
    ];
  }

  #outside({ inside, port, stream }: Component): Endpoint {
    return outsideOf(stream.call.host, inside, port, this.#external());
  }
}

function waitingForChecks(): WaitingForCheck | undefined {
  let waiting: WaitingForCheck | undefined;
  for (const delay of CHECKS.toReversed()) {
    waiting = { delay, later: waiting, first: undefined, last: undefined };
  }
  return waiting;
}

function append(waiting: WaitingForCheck, watch: Watch): void {
  watch.next = undefined;
  if (waiting.first === undefined || waiting.last === undefined) waiting.first = watch;
  else waiting.last.next = watch;
  waiting.last = watch;
}
