import { familyOf } from "../packet/host.ts";
import { InsideHost } from "./binding.ts";
import { ownText } from "./own-text.ts";

/** InsideHosts finds the InsideHost of an address and forgets it when its last binding goes. */
export class InsideHosts {
  readonly #hosts = new Map<string, InsideHost>();
  readonly #isTranslated: (host: string) => boolean;

  /** @param isTranslated see `InsideHost`; all IPv4 is, and no IPv6, if nobody says otherwise */
  constructor(isTranslated = (host: string): boolean => familyOf(host) === "ipv4") {
    this.#isTranslated = isTranslated;
  }

  get size(): number {
    return this.#hosts.size;
  }

  /** The host of this address, made on first sight. */
  of(host: string): InsideHost {
    let found = this.#hosts.get(host);
    if (found === undefined) {
      found = new InsideHost(ownText(host), this.#isTranslated(host));
      this.#hosts.set(found.host, found);
    }
    return found;
  }

  /** Forgets a host that holds nothing any more. */
  release(host: InsideHost): void {
    if (host.bindings === 0 && host.streams === 0) this.#hosts.delete(host.host);
  }
}
