import { ipv4ToNumber, numberToIpv4 } from "./ipv4.ts";

/** Network is an IPv4 network: the addresses that share its first `prefix` bits (RFC 4632 §3.1). */
export class Network {
  /** Its first address, an unsigned 32-bit number in host byte order. */
  readonly address: number;
  /** 0 to 32. */
  readonly prefix: number;
  readonly #mask: number;

  private constructor(address: number, prefix: number) {
    this.#mask = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
    this.address = (address & this.#mask) >>> 0;
    this.prefix = prefix;
  }

  /**
   * Reads "192.168.0.0/16", or one address as a network of its own. Bits behind the prefix are ignored, as `ip
   * address` shows an interface's address with its network's prefix.
   *
   * Throws RangeError, naming the value, when `text` is neither.
   */
  static parse(text: string): Network {
    const slash = text.indexOf("/");
    const address = ipv4ToNumber(slash < 0 ? text : text.slice(0, slash));
    const prefix = slash < 0 ? 32 : prefixLength(text.slice(slash + 1));
    if (address === undefined || prefix === undefined) {
      throw new RangeError(`"${text}" is not an IPv4 network; write it as 192.168.0.0/16`);
    }
    return new Network(address, prefix);
  }

  /** @param address unsigned, in host byte order */
  contains(address: number): boolean {
    return (address & this.#mask) >>> 0 === this.address;
  }

  toString(): string {
    return `${numberToIpv4(this.address)}/${this.prefix}`;
  }
}

function prefixLength(text: string): number | undefined {
  const length = Number(text);
  return String(length) === text && Number.isInteger(length) && length >= 0 && length <= 32
    ? length
    : undefined;
}
