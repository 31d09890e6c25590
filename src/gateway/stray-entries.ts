import type { Conntrack } from "../kernel/conntrack.ts";
import type { Counters } from "../observe/counters.ts";
import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";
import { OldestFirst } from "../table/oldest-first.ts";
import { type Component, expectationsOf, flowOf } from "../table/streams.ts";
import { outsideOf } from "./external-address.ts";
import { leadsTo, mappedTo } from "./pins.ts";

/** Milliseconds after arming at which a component that does not flow yet is looked at again. */
const CHECKS = [0, 250, 1000, 4000] as const;

/** A component that was armed, at a time in milliseconds. */
interface Watch {
  readonly component: Component;
  readonly armedAt: number;
}

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
  readonly #conntrack: Conntrack;
  readonly #external: () => string;
  readonly #counters: Counters;
  readonly #componentAt: (port: number) => Component | undefined;
  readonly #found: FlowFound;
  readonly #watched = new Map<Component, Watch>();
  /** Those that wait for each of CHECKS; all wait the same time there, so the oldest is due first. */
  readonly #waiting: readonly OldestFirst<Watch>[] = CHECKS.map(() => new OldestFirst());

  /**
   * @param external our address in the kernel's table
   * @param componentAt finds whose an external media port is
   */
  constructor(
    conntrack: Conntrack,
    external: () => string,
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
    const watch = { component, armedAt: now };
    this.#watched.set(component, watch);
    this.#waiting[0]?.add(watch);
  }

  /** Looks at every component that is due, and at no other; to be called after a flush and at every tick. */
  check(now: number): void {
    for (const [index, delay] of CHECKS.entries()) {
      const waiting = this.#waiting[index];
      for (let watch = waiting?.oldest; watch !== undefined; watch = waiting?.oldest) {
        if (now - watch.armedAt < delay) break;
        waiting?.delete(watch);
        // It may have been armed again since.
        if (this.#watched.get(watch.component) !== watch) continue;
        const isLast = index === CHECKS.length - 1;
        if (watch.component.state.kind === "armed") this.#look(watch.component);
        if (isLast || watch.component.state.kind !== "armed") this.#watched.delete(watch.component);
        else this.#waiting[index + 1]?.add(watch);
      }
    }
  }

  /** The far end of the conntrack that carries a component's media, if the kernel has one that leads to it. */
  find(component: Component, remotes: Iterable<Endpoint>): Endpoint | undefined {
    for (const remote of remotes) {
      if (this.#leads(component, component.inside, remote) === true) return remote;
      if (this.#leads(component, remote, this.#outside(component)) === true) return remote;
    }
    return undefined;
  }

  #look(component: Component): void {
    const known = flowOf(component)?.remote;
    for (const wanted of [...expectationsOf(component).values()]) {
      if (wanted.direction !== "outbound") continue;
      const { remote } = wanted;
      const outward = this.#clear(component, component.inside, remote);
      const inward = this.#clear(component, remote, this.#outside(component));
      const isNews = known === undefined || !isSameEndpoint(known, remote);
      if ((outward || inward) && isNews) this.#found(component, remote);
    }
  }

  /**
   * Removes the entry of packets from `source` to `destination` if it leads elsewhere. One that leads to a later call
   * of the same phone, from the same port to the same remote, is that call's: the two must not fight over it.
   *
   * @returns true when it leads to the component
   */
  #clear(component: Component, source: Endpoint, destination: Endpoint): boolean {
    const { inside, stream } = component;
    const flow = { protocol: stream.target.transport, source, destination };
    const entry = this.#conntrack.lookup(flow);
    if (entry === undefined) return false;
    if (leadsTo(entry, inside, this.#outside(component))) return true;
    const other = this.#componentAt(mappedTo(entry, inside).port);
    // Plain NAT may have given it a port that is another phone's: that makes it nobody's.
    const isOfPhone = other !== undefined && other !== component && isSameEndpoint(other.inside, inside);
    const isLater = isOfPhone && other.stream.call.beganAt >= stream.call.beganAt;
    if (isLater && leadsTo(entry, inside, this.#outside(other))) return false;
    this.#conntrack.remove(flow);
    this.#counters.strayRemoved++;
    return false;
  }

  /** @returns undefined when there is no such entry */
  #leads(component: Component, source: Endpoint, destination: Endpoint): boolean | undefined {
    const flow = { protocol: component.stream.target.transport, source, destination };
    const entry = this.#conntrack.lookup(flow);
    return entry && leadsTo(entry, component.inside, this.#outside(component));
  }

  #outside({ inside, port }: Component): Endpoint {
    return outsideOf(inside, port, this.#external());
  }
}
