import type { Address, EndpointKey } from "../packet/address.ts";
import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Flow } from "./flows.ts";
import type { Kept } from "./kept.ts";
import { Places } from "./places.ts";
import type { TimerEntry } from "./timer-wheel.ts";

/** Asked of a remote that was sent other SIP and never a REGISTER. */
const NOTHING = -1;

/** A call as its binding knows it: each leads to the one made before it and the one made after it. */
export interface CallOfBinding {
  madeBefore: CallOfBinding | undefined;
  madeAfter: CallOfBinding | undefined;
}

/**
 * Binding is one inside SIP endpoint with its one external port, the same toward every remote (RFC 4787
 * REQ-1). It lives for as long as the endpoint is registered, speaks, or has a call.
 */
export class Binding implements TimerEntry, Kept {
  readonly key: EndpointKey;
  readonly inside: Endpoint;
  readonly transport: Transport;
  /** External signalling port; of a host that is not translated, its own. */
  readonly port: number;
  readonly host: InsideHost;
  /** Its flows by remote endpoint. */
  readonly flows = new BoundedMap<EndpointKey, Flow>();
  /**
   * Milliseconds until which it is registered, or was, by registrar and address-of-record. When there are too
   * many, what was granted longest ago is forgotten: as a rule that is what ends first.
   */
  readonly registrations = new BoundedMap<string, number>();
  /** How many calls it has, and the latest of them, which leads to the one made before it. */
  calls = 0;
  latestCall: CallOfBinding | undefined = undefined;
  /** How many TCP connections it has. */
  connections = 0;
  /** True when it was made for a connection from it: when that has ended, nobody listens there as a rule. */
  isOfConnection = false;
  /** Milliseconds of its last packet. */
  spokeAt: number;
  /** Places where the endpoint wrote its address without a port, so that it reads it back without one. */
  readonly portless = new Places();
  /** The binding of the same host that was made before it. */
  before: Binding | undefined = undefined;
  unwritten: object | undefined = undefined;
  // It is its own timer: an object and a closure for each would cost as much as everything above.
  due = 0;
  next: TimerEntry | undefined = undefined;
  previous: TimerEntry | undefined = undefined;
  slot = -1;
  readonly #review: (binding: Binding, now: number) => void;

  /** @param review called when its timer is due */
  constructor(
    key: EndpointKey,
    inside: Endpoint,
    transport: Transport,
    port: number,
    host: InsideHost,
    now: number,
    review: (binding: Binding, now: number) => void,
  ) {
    this.key = key;
    this.inside = inside;
    this.transport = transport;
    this.port = port;
    this.host = host;
    this.spokeAt = now;
    this.#review = review;
  }

  expire(now: number): void {
    this.#review(this, now);
  }

  /** True when nothing but the connection it was made for has come of it. */
  get isUnused(): boolean {
    const { isOfConnection, connections, calls, registrations } = this;
    return isOfConnection && connections === 0 && calls === 0 && registrations.size === 0;
  }

  /** Milliseconds; when the last of its registrations ends, or ended; 0 when it never had one. */
  get registeredUntil(): number {
    let latest = 0;
    for (const until of this.registrations.values()) latest = Math.max(latest, until);
    return latest;
  }
}

/**
 * InsideHost is what one inside address holds of the table, whatever number of ports it speaks from: the
 * quota counts here, and so does the list of those whom it may be called by.
 */
export class InsideHost {
  readonly host: string;
  /** True when outside it appears at ports of our address, false when it is reached where it is (IPv6 without NAT). */
  readonly isTranslated: boolean;
  /** How many bindings it has, of all transports, and the latest of them; each leads to the one before it. */
  bindings = 0;
  latest: Binding | undefined = undefined;
  streams = 0;
  /**
   * Remote addresses this host has sent SIP to, with the seconds it last asked to be registered there for.
   */
  readonly #remotes = new BoundedMap<Address, number>();

  constructor(host: string, isTranslated: boolean) {
    this.host = host;
    this.isTranslated = isTranslated;
  }

  /** Takes in a binding of this host. */
  add(binding: Binding): void {
    this.bindings++;
    binding.before = this.latest;
    this.latest = binding;
  }

  /** Takes a binding out again. */
  remove(binding: Binding): void {
    this.bindings--;
    if (this.latest === binding) this.latest = binding.before;
    for (const each of this.each()) if (each.before === binding) each.before = binding.before;
  }

  /** Its bindings, the latest first. */
  *each(): Generator<Binding> {
    for (let each = this.latest; each !== undefined; each = each.before) yield each;
  }

  /**
   * Notes that this host has sent SIP to `remote`; when full, the address spoken to longest ago is forgotten.
   *
   * @returns true when it had not before
   */
  spokeTo(remote: Address): boolean {
    if (this.#remotes.latestKey === remote) return false;
    const known = this.#remotes.get(remote);
    this.#remotes.set(remote, known ?? NOTHING);
    return known === undefined;
  }

  /** Notes that this host has sent `remote` a REGISTER, asking for this many seconds. */
  askedToRegister(remote: Address, seconds: number): void {
    this.#remotes.set(remote, seconds);
  }

  /** True when this host has sent SIP to `remote`, so that SIP from there is let in to it. */
  knows(remote: Address): boolean {
    return this.#remotes.get(remote) !== undefined;
  }

  /** The seconds that its last REGISTER to `remote` asked for; undefined when it has sent none there. */
  registersFor(remote: Address): number | undefined {
    const asked = this.#remotes.get(remote);
    return asked === NOTHING ? undefined : asked;
  }

  /** Every address this host has sent SIP to, the latest last. */
  remotes(): IterableIterator<Address> {
    return this.#remotes.keys();
  }
}
