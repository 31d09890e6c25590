import type { Address, EndpointKey } from "../packet/address.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { type Family, familyOf } from "../packet/host.ts";
import { Binding, type InsideHost } from "./binding.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { InsideHosts } from "./inside-hosts.ts";
import type { PortPool } from "./ports.ts";
import { isOtherStep } from "./step.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/**
 * Milliseconds a binding outlives its registration: a refresh may be late by its retransmissions (RFC 3261
 * §17.1.2.2).
 */
const GRACE = 32_000;

/** Ports one inside host may speak SIP from or name in its Contacts: none may take those of all others. */
export const MOST_OF_A_HOST = 512;
/** Milliseconds a binding that was made for a connection outlives it: its calls may still be ending. */
const AFTER_CONNECTION = 2000;

const PORTS = 65_536;

/** Why a binding could not be made; the packet then passes untranslated and is counted under this reason. */
export type BindingRefusal = "bindings-full" | "host-bindings-full" | "signalling-ports-exhausted";

/** When a binding ends if its endpoint says nothing more, in milliseconds, and what is over then. */
export interface BindingEnding {
  readonly at: number;
  readonly why: "registration-over" | "silent";
}

/** Told of bindings, to keep what outlives the process, and to end what hangs on one that ends. */
export interface BindingObserver {
  changed(binding: Binding): void;
  closed(binding: Binding): void;
}

/** Bindings is every binding of one transport, by inside endpoint and, those that are translated, by external port. */
export class Bindings {
  readonly #transport: Transport;
  readonly #pool: PortPool;
  readonly #hosts: InsideHosts;
  readonly #wheel: TimerWheel;
  readonly #most: number;
  readonly #idle: number;
  readonly #observer: BindingObserver;
  readonly #byInside = new Map<EndpointKey, Binding>();
  readonly #remotes = new BoundedMap<EndpointKey, Endpoint>();
  readonly #byPort = new Array<Binding | undefined>(PORTS).fill(undefined);

  /**
   * @param most the most bindings held
   * @param idle milliseconds a binding outlives its last packet when it is not registered
   */
  constructor(
    transport: Transport,
    pool: PortPool,
    hosts: InsideHosts,
    wheel: TimerWheel,
    most: number,
    idle: number,
    observer: BindingObserver,
  ) {
    this.#transport = transport;
    this.#pool = pool;
    this.#hosts = hosts;
    this.#wheel = wheel;
    this.#most = most;
    this.#idle = idle;
    this.#observer = observer;
  }

  get size(): number {
    return this.#byInside.size;
  }

  /** The binding of an inside endpoint. */
  byInside(key: EndpointKey): Binding | undefined {
    return this.#byInside.get(key);
  }

  /** The binding that a port of our address of this family belongs to: no port is given to both of them. */
  byPort(port: number, family: Family): Binding | undefined {
    const binding = this.#byPort[port];
    return binding !== undefined && familyOf(binding.inside.host) === family ? binding : undefined;
  }

  /**
   * The one object for a remote endpoint, for all flows there to share: thousands of phones have one
   * registrar.
   */
  remote(key: EndpointKey, make: () => Endpoint): Endpoint {
    const remote = this.#remotes.get(key) ?? make();
    this.#remotes.set(key, remote);
    return remote;
  }

  values(): IterableIterator<Binding> {
    return this.#byInside.values();
  }

  /**
   * Makes the binding of an endpoint that has none.
   *
   * @param adopted the external port that the kernel already uses for this endpoint, taken if it is free
   */
  create(key: EndpointKey, inside: Endpoint, now: number, adopted?: number): Binding | BindingRefusal {
    if (this.#byInside.size >= this.#most) return "bindings-full";
    const host = this.#hosts.of(inside.host);
    if (host.bindings >= MOST_OF_A_HOST) return "host-bindings-full";
    const port = host.isTranslated ? this.#portFor(inside, adopted) : inside.port;
    if (port === undefined) {
      this.#hosts.release(host);
      return "signalling-ports-exhausted";
    }
    const binding = this.#put(key, inside, port, host, now);
    this.#observer.changed(binding);
    return binding;
  }

  /**
   * Puts back the binding of an endpoint that an earlier run had.
   *
   * @param registrations milliseconds until which each lasts, by their names
   * @returns undefined when it is there already, or its port is not free
   */
  restore(
    key: EndpointKey,
    inside: Endpoint,
    port: number,
    registrations: readonly (readonly [string, number])[],
    now: number,
  ): Binding | undefined {
    if (this.#byInside.has(key) || this.#byInside.size >= this.#most) return undefined;
    const host = this.#hosts.of(inside.host);
    if (host.isTranslated && !this.#pool.adopt(port)) {
      this.#hosts.release(host);
      return undefined;
    }
    const binding = this.#put(key, inside, host.isTranslated ? port : inside.port, host, now);
    for (const [registration, until] of registrations) binding.registrations.set(registration, until);
    this.#wheel.schedule(binding, this.#endOf(binding));
    return binding;
  }

  #portFor(inside: Endpoint, adopted: number | undefined): number | undefined {
    return adopted !== undefined && this.#pool.adopt(adopted) ? adopted : this.#pool.take(inside.port);
  }

  #put(key: EndpointKey, inside: Endpoint, port: number, host: InsideHost, now: number): Binding {
    // The host's own copy of its address: one text for all of them.
    const endpoint = { host: host.host, port: inside.port };
    const binding = new Binding(key, endpoint, this.#transport, port, host, now, this.#review);
    host.add(binding);
    this.#byInside.set(key, binding);
    if (host.isTranslated) this.#byPort[port] = binding;
    this.#wheel.schedule(binding, now + this.#idle);
    return binding;
  }

  /** Notes that a binding has sent SIP to a remote, see `InsideHost.spokeTo`. */
  spokeTo(binding: Binding, remote: Address): void {
    if (binding.host.spokeTo(remote)) this.#observer.changed(binding);
  }

  /** Ends a binding and everything that hangs on it. */
  close(binding: Binding): void {
    if (this.#byInside.get(binding.key) !== binding) return;
    this.#observer.closed(binding);
    this.#wheel.cancel(binding);
    this.#byInside.delete(binding.key);
    if (binding.host.isTranslated) {
      this.#byPort[binding.port] = undefined;
      this.#pool.give(binding.port);
    }
    binding.host.remove(binding);
    this.#hosts.release(binding.host);
  }

  /**
   * Notes until when a binding is registered, as it was granted (RFC 3261 §10.3). A registration that has
   * ended keeps it for a grace still: phones un-REGISTER and REGISTER again in one go.
   *
   * @param registration names the registrar and the address-of-record
   * @param until milliseconds; the time it is now when the registration has ended
   */
  register(binding: Binding, registration: string, until: number): void {
    const before = binding.registrations.get(registration);
    binding.registrations.set(registration, until);
    this.#wheel.schedule(binding, this.#endOf(binding));
    // What a refresh adds within a step is not worth writing down: the grace is longer.
    if (before === undefined || isOtherStep(before, until)) this.#observer.changed(binding);
  }

  /** Notes that a TCP connection of a binding has ended. */
  connectionEnded(binding: Binding, now: number): void {
    binding.connections--;
    if (this.#byInside.get(binding.key) === binding) this.#wheel.schedule(binding, now + AFTER_CONNECTION);
  }

  /** When a binding ends if its endpoint says nothing more, and why; while it has calls, those keep it longer. */
  endingOf(binding: Binding): BindingEnding {
    const granted = binding.registeredUntil;
    const registered = granted === 0 ? 0 : granted + Math.min(GRACE, this.#idle);
    const idle = binding.isOfConnection ? Math.min(AFTER_CONNECTION, this.#idle) : this.#idle;
    const silent = binding.spokeAt + idle;
    return registered > silent ? { at: registered, why: "registration-over" } : { at: silent, why: "silent" };
  }

  #endOf(binding: Binding): number {
    return this.endingOf(binding).at;
  }

  /** Packets only note the time; whether a binding has ended is looked at when its timer comes. */
  readonly #review = (binding: Binding, now: number): void => {
    const end = this.#endOf(binding);
    if (end > now) this.#wheel.schedule(binding, end);
    else if (binding.connections > 0) this.#wheel.schedule(binding, now + this.#idle);
    else if (binding.calls > 0)
      this.#wheel.schedule(binding, now + (binding.isOfConnection ? AFTER_CONNECTION : this.#idle));
    else this.close(binding);
  };
}
