import type { FlowEnds } from "../packet/endpoint.ts";

/**
 * Flow is one signalling flow of a binding: the packets between it and one remote endpoint, in both
 * directions. Its conntrack entry, made by us before its first packet (a pin), may expire in the kernel at any
 * time; `verifiedAt` says when it was last known to be there.
 */
export interface Flow {
  readonly ends: FlowEnds;
  /** True when its messages are followed and none of their bytes is changed. */
  readonly pinhole: boolean;
  /** Milliseconds of the gateway's clock; undefined when the kernel's entry is not known to exist. */
  verifiedAt: number | undefined;
}

/** One flow per remote endpoint is plenty for a phone; a PBX talks to a few providers from each of their hosts. */
const MOST_FLOWS = 256;

/**
 * Flows is the cache of one binding's flows by remote endpoint. Losing an entry costs one netlink request and
 * nothing else, so it is simply bounded: when full, the flow that was made first goes.
 */
export class Flows {
  readonly #flows = new Map<number | string, Flow>();

  /** @param remote the remote endpoint's key, see `endpointKey` */
  get(remote: number | string): Flow | undefined {
    return this.#flows.get(remote);
  }

  set(remote: number | string, flow: Flow): void {
    if (this.#flows.size >= MOST_FLOWS) {
      const oldest = this.#flows.keys().next();
      if (!oldest.done) this.#flows.delete(oldest.value);
    }
    this.#flows.set(remote, flow);
  }

  delete(remote: number | string): void {
    this.#flows.delete(remote);
  }

  clear(): void {
    this.#flows.clear();
  }

  values(): IterableIterator<Flow> {
    return this.#flows.values();
  }
}
