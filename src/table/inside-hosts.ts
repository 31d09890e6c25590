import type { Binding } from "./bindings.ts";
import { BoundedMap } from "./bounded-map.ts";
import { ownText } from "./own-text.ts";

/** Asked of a remote that was sent other SIP and never a REGISTER. */
const NOTHING = -1;

/**
 * InsideHost is what one inside address holds of the table, whatever number of ports it speaks from: the
 * quota counts here, and so does the list of those whom it may be called by.
 */
export class InsideHost {
  readonly host: string;
  /** How many bindings it has, of all transports, and the latest of them; each leads to the one before it. */
  bindings = 0;
  latest: Binding | undefined = undefined;
  streams = 0;
  /**
   * Remote addresses this host has sent SIP to, with the seconds it last asked to be registered there for.
   */
  readonly #remotes = new BoundedMap<number | string, number>();

  constructor(host: string) {
    this.host = host;
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
   */
  spokeTo(remote: number | string): void {
    this.#remotes.set(remote, this.#remotes.get(remote) ?? NOTHING);
  }

  /** Notes that this host has sent `remote` a REGISTER, asking for this many seconds. */
  askedToRegister(remote: number | string, seconds: number): void {
    this.#remotes.set(remote, seconds);
  }

  /** True when this host has sent SIP to `remote`, so that SIP from there is let in to it. */
  knows(remote: number | string): boolean {
    return this.#remotes.get(remote) !== undefined;
  }

  /** The seconds that its last REGISTER to `remote` asked for; undefined when it has sent none there. */
  registersFor(remote: number | string): number | undefined {
    const asked = this.#remotes.get(remote);
    return asked === NOTHING ? undefined : asked;
  }

  /** Every address this host has sent SIP to, the latest last. */
  remotes(): Generator<number | string> {
    return this.#remotes.keys();
  }
}

/** InsideHosts finds the InsideHost of an address and forgets it when its last binding goes. */
export class InsideHosts {
  readonly #hosts = new Map<string, InsideHost>();

  get size(): number {
    return this.#hosts.size;
  }

  /** The host of this address, made on first sight. */
  of(host: string): InsideHost {
    let found = this.#hosts.get(host);
    if (found === undefined) {
      found = new InsideHost(ownText(host));
      this.#hosts.set(found.host, found);
    }
    return found;
  }

  /** Forgets a host that holds nothing any more. */
  release(host: InsideHost): void {
    if (host.bindings === 0 && host.streams === 0) this.#hosts.delete(host.host);
  }
}
