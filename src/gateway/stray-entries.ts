import type { Conntrack } from "../kernel/conntrack.ts";
import type { Counters } from "../observe/counters.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { Component, Stream } from "../table/streams.ts";
import { leadsTo } from "./pins.ts";

/** Milliseconds after arming at which a component that does not flow yet is looked at again. */
const CHECKS = [0, 250, 1000, 4000] as const;

interface Watched {
  readonly stream: Stream;
  readonly armedAt: number;
  check: number;
}

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
  readonly #watched = new Map<Component, Watched>();

  /** @param external our address in the kernel's table */
  constructor(conntrack: Conntrack, external: () => string, counters: Counters) {
    this.#conntrack = conntrack;
    this.#external = external;
    this.#counters = counters;
  }

  /** Notes a component whose expectations the kernel has taken; `now` in milliseconds. */
  watch(stream: Stream, component: Component, now: number): void {
    this.#watched.set(component, { stream, armedAt: now, check: 0 });
  }

  /** Looks at every component that is due; to be called after a flush and at every tick. */
  check(now: number): void {
    for (const [component, watched] of this.#watched) {
      const due = CHECKS[watched.check];
      if (due === undefined || component.state.kind !== "armed") {
        this.#watched.delete(component);
        continue;
      }
      if (now - watched.armedAt < due) continue;
      watched.check++;
      this.#clear(component, watched.stream);
    }
  }

  #clear(component: Component, stream: Stream): void {
    const external: Endpoint = { host: this.#external(), port: component.port };
    for (const wanted of component.armed.values()) {
      if (wanted.direction === "outbound") {
        this.#clearFlow(component, stream, component.inside, wanted.remote, external);
        this.#clearFlow(component, stream, wanted.remote, external, external);
      }
    }
  }

  /** Removes the entry of packets from `source` to `destination` unless the phone appears as `external` in it. */
  #clearFlow(
    component: Component,
    stream: Stream,
    source: Endpoint,
    destination: Endpoint,
    external: Endpoint,
  ): void {
    const flow = { protocol: stream.transport, source, destination };
    const entry = this.#conntrack.lookup(flow);
    if (entry === undefined) return;
    if (leadsTo(entry, component.inside, external)) return;
    this.#conntrack.remove(flow);
    this.#counters.strayRemoved++;
  }
}
