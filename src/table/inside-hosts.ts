/** How many remote addresses one inside host is remembered to have sent SIP to. */
const MOST_REMOTES = 64;

/**
 * InsideHost is what one inside address holds of the table, whatever number of ports it speaks from: the
 * quota counts here, and so does the list of those whom it may be called by.
 */
export class InsideHost {
  readonly host: string;
  bindings = 0;
  streams = 0;
  /** Remote addresses this host has sent SIP to, the latest last. */
  readonly #remotes = new Map<number | string, true>();

  constructor(host: string) {
    this.host = host;
  }

  /** Notes that this host has sent SIP to `remote`; when full, the address spoken to longest ago is forgotten. */
  spokeTo(remote: number | string): void {
    if (!this.#remotes.delete(remote) && this.#remotes.size >= MOST_REMOTES) {
      const oldest = this.#remotes.keys().next();
      if (!oldest.done) this.#remotes.delete(oldest.value);
    }
    this.#remotes.set(remote, true);
  }

  /** True when this host has sent SIP to `remote`, so that SIP from there is let in to it. */
  knows(remote: number | string): boolean {
    return this.#remotes.has(remote);
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
      found = new InsideHost(host);
      this.#hosts.set(host, found);
    }
    return found;
  }

  /** Forgets a host that holds nothing any more. */
  release(host: InsideHost): void {
    if (host.bindings === 0 && host.streams === 0) this.#hosts.delete(host.host);
  }
}
