import { parseIpv6 } from "./ipv6.ts";

/** Ipv6Network is the IPv6 addresses that share their first `prefix` bits (RFC 4291 §2.3). */
export class Ipv6Network {
  readonly #address: Uint8Array;
  readonly #prefix: number;

  private constructor(address: Uint8Array, prefix: number) {
    this.#address = address;
    this.#prefix = prefix;
  }

  /**
   * Reads "2001:db8::/32", or one address as a network of its own. Bits behind the prefix are ignored.
   *
   * Throws RangeError, naming the value, when `text` is neither.
   */
  static parse(text: string): Ipv6Network {
    const [host = "", prefix = "128", ...rest] = text.split("/");
    const address = parseIpv6(host);
    if (
      address === undefined ||
      rest.length > 0 ||
      !/^(0|[1-9]\d{0,2})$/.test(prefix) ||
      Number(prefix) > 128
    ) {
      throw new RangeError(`"${text}" is not an IPv6 network; write it as 2001:db8::/32`);
    }
    return new Ipv6Network(address, Number(prefix));
  }

  /** @param host an IPv6 literal without brackets */
  contains(host: string): boolean {
    const address = parseIpv6(host);
    if (address === undefined) return false;
    const whole = this.#prefix >> 3;
    for (let at = 0; at < whole; at++) if (address[at] !== this.#address[at]) return false;
    // Of the last byte the prefix covers a part only; behind a whole number of bytes, none of it.
    const mask = 0xff00 >> (this.#prefix & 7);
    return (((address[whole] ?? 0) ^ (this.#address[whole] ?? 0)) & mask & 0xff) === 0;
  }
}
