import { MASTER_HELPER, MASTER_PORT } from "../kernel/arm.ts";
import type { Conntrack } from "../kernel/conntrack.ts";
import type { ConntrackEntry } from "../kernel/conntrack-message.ts";
import type { TableEvents } from "../kernel/events.ts";
import type { ExpectationEnd } from "../kernel/expectation-end.ts";
import type { FlowTuple } from "../kernel/tuple.ts";
import { addressOf, endpointKey, keyOfEndpoint } from "../packet/address.ts";
import { type Endpoint, isSameEndpoint, type Transport } from "../packet/endpoint.ts";
import { type Family, familyOf } from "../packet/host.ts";
import type { Component } from "../table/streams.ts";
import { ANY_SOURCE } from "../table/wanted.ts";
import { addressee } from "./addressee.ts";
import type { GatewayContext } from "./context.ts";
import { componentAt, componentOf, keyOf } from "./expectation-owner.ts";
import { externalHost } from "./external-address.ts";
import type { Gateway } from "./gateway.ts";
import type { StrayEntries } from "./stray-entries.ts";

/** What of an entry is ours: a component's media, by its far end, or nothing we know. */
interface MediaEntry {
  readonly component: Component;
  readonly remote: Endpoint;
}

/** What is told beside the table. */
type Listening = Pick<Gateway, "settle" | "connectionEnded">;

/** What it works on. */
type Known = Pick<GatewayContext, "calls" | "bindings" | "external" | "budget" | "now">;

/** KernelEvents tells the table what the kernel says has happened to its expectations, media and signalling flows. */
export class KernelEvents implements TableEvents {
  readonly #context: Known;
  readonly #conntrack: Pick<Conntrack, "lookup">;
  readonly #stray: Pick<StrayEntries, "straighten">;
  readonly #gateway: Listening;
  readonly #reconcile: () => void;
  readonly #clock: () => number;
  /** True when the table has taken in what the gateway has not carried out yet. */
  #isDue = false;

  /**
   * @param gateway carries out what the table wants when it has taken in an event
   * @param reconcile compares the table with the kernel, when events were lost
   */
  constructor(
    context: Known,
    conntrack: Pick<Conntrack, "lookup">,
    stray: Pick<StrayEntries, "straighten">,
    clock: () => number,
    gateway: Listening,
    reconcile: () => void,
  ) {
    this.#context = context;
    this.#conntrack = conntrack;
    this.#stray = stray;
    this.#clock = clock;
    this.#gateway = gateway;
    this.#reconcile = reconcile;
  }

  expectationGone(end: ExpectationEnd): void {
    const { calls } = this.#context;
    const stream = end.masterPort === MASTER_PORT ? calls.streams.byMaster(end.peer, end.id) : undefined;
    if (stream === undefined) return;
    // What waits for an answer takes any source; its port tells all that is to be known.
    const entry = end.fromAnywhere ? undefined : end.entry();
    const component = entry ? componentOf(stream, entry) : componentAt(stream, end.port);
    if (component === undefined) return;
    calls.expectations.gone(component, entry ? keyOf(entry) : ANY_SOURCE, this.#now());
    this.#isDue = true;
  }

  flowBegan(entry: ConntrackEntry): void {
    const found = this.#mediaOf(entry);
    if (found === undefined) return;
    const { component, remote } = found;
    const now = this.#now();
    const isBent = ![entry.original, entry.reply].some(({ destination }) =>
      isSameEndpoint(destination, remote),
    );
    if (isBent && this.#straighten(component, remote, entry.original)) {
      this.#context.calls.expectations.armAgain(component, now);
    } else this.#context.calls.expectations.flowBegan(component, remote, now, true);
    this.#isDue = true;
  }

  conntrackEnded(entry: ConntrackEntry): void {
    const { original } = entry;
    const now = this.#now();
    const found = this.#mediaOf(entry);
    if (original.destination.port === MASTER_PORT) this.#masterEnded(original, now);
    else if (found === undefined) this.#signallingEnded(original);
    else this.#context.calls.expectations.flowEnded(found.component, found.remote, now);
    this.#isDue = true;
  }

  told(): void {
    this.#settle();
  }

  overrun(): void {
    const message = "the kernel had more events than could be taken in; its tables are read anew";
    this.#context.budget.warn(this.#now(), {}, message);
    this.#context.calls.forgetRemovals();
    this.#reconcile();
  }

  failed(error: unknown): void {
    this.#context.budget.warn(this.#now(), { err: error }, "an event of the kernel was not taken in");
  }

  /** Whichever side spoke first, one end of the entry is our external port. */
  #mediaOf({ original, reply }: ConntrackEntry): MediaEntry | undefined {
    const family = familyOf(original.source.host);
    const host = externalHost(this.#context.external, family);
    if (original.destination.host === host) {
      const component = this.#component(original.destination.port, original.protocol, family);
      if (component !== undefined) return { component, remote: original.source };
    }
    if (reply.destination.host === host) {
      const component = this.#component(reply.destination.port, reply.protocol, family);
      const isItsPhone = component !== undefined && isSameEndpoint(component.inside, original.source);
      return isItsPhone ? { component, remote: original.destination } : undefined;
    }
    return family === "ipv6" ? this.#untranslatedMediaOf(original) : undefined;
  }

  #untranslatedMediaOf({ source, destination, protocol }: FlowTuple): MediaEntry | undefined {
    const { calls } = this.#context;
    const inward = calls.streams.byEndpoint(destination);
    if (inward?.stream.target.transport === protocol) return { component: inward, remote: source };
    const outward = calls.streams.byEndpoint(source);
    return outward?.stream.target.transport === protocol
      ? { component: outward, remote: destination }
      : undefined;
  }

  #component(port: number, protocol: Transport, family: Family): Component | undefined {
    const component = this.#context.calls.streams.byPort(port);
    if (component?.stream.target.transport !== protocol) return undefined;
    return familyOf(component.inside.host) === family ? component : undefined;
  }

  #masterEnded(tuple: FlowTuple, now: number): void {
    const stream = this.#context.calls.streams.byMaster(tuple.destination.host, tuple.source.port);
    // What we took out ourselves is absent already, unless it has been made anew since; what stands there without
    // the helper is not ours.
    if (stream?.master !== "present" || this.#lookup(tuple)?.helper === MASTER_HELPER) return;
    this.#context.calls.expectations.masterGone(stream, now);
  }

  /** The next packet of the flow has it pinned anew. */
  #signallingEnded(tuple: FlowTuple): void {
    const { source, destination, protocol } = tuple;
    const { bindings } = this.#context;
    const [from, to] = [keyOfEndpoint(source), addressOf(destination.host)];
    const there = endpointKey(to, destination.port);
    const own = bindings[protocol];
    const addressed = addressee(this.#context, to, destination.port, protocol);
    const inward = typeof addressed === "string" ? undefined : addressed;
    const outward = own.byInside(from);
    const flow = outward?.flows.get(there) ?? inward?.flows.get(from);
    if (flow !== undefined) flow.verifiedAt = undefined;
    // The entry of a connection's successor has the same tuple, and stays.
    if (protocol !== "tcp" || this.#lookup(tuple) !== undefined) return;
    if (outward !== undefined) this.#gateway.connectionEnded(outward, there);
    else if (inward !== undefined) this.#gateway.connectionEnded(inward, from);
  }

  #straighten(component: Component, remote: Endpoint, bent: FlowTuple): boolean {
    this.#settle();
    return this.#stray.straighten(component, remote, bent);
  }

  #lookup(flow: FlowTuple): ConntrackEntry | undefined {
    this.#settle();
    return this.#conntrack.lookup(flow);
  }

  /** What the kernel answers must not be older than what the events before have led to. */
  #settle(): void {
    if (!this.#isDue) return;
    this.#isDue = false;
    this.#gateway.settle();
  }

  #now(): number {
    const context = this.#context;
    context.now = this.#clock();
    return context.now;
  }
}
