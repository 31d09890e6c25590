import type { Address } from "../packet/address.ts";
import { parseIpv6 } from "../packet/ipv6.ts";
import { KernelError } from "./kernel-error.ts";
import { knownAddress } from "./known-address.ts";
import { align, NLA_F_NESTED, NLA_HEADER, NLM_F_REQUEST, NLMSG_HEADER } from "./netlink-message.ts";

/**
 * MessageWriter writes netlink messages one behind the other into one buffer that is used again and again.
 *
 * Nothing is allocated per message. Writing beyond the buffer throws RangeError: the caller starts a message only
 * where `room` shows space for the largest one it knows.
 */
export class MessageWriter {
  readonly bytes: Buffer;
  /** Of `bytes`, for values in network order. */
  readonly view: DataView;
  /** Of `bytes`, for what is in host order: every message and attribute starts at a multiple of four. */
  readonly words: Uint32Array;
  readonly #halves: Uint16Array;
  /** Bytes written so far. */
  length = 0;
  #start = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.alloc(capacity);
    const { buffer, byteOffset } = this.bytes;
    this.view = new DataView(buffer, byteOffset, capacity);
    this.words = new Uint32Array(buffer, byteOffset, capacity >>> 2);
    this.#halves = new Uint16Array(buffer, byteOffset, capacity >>> 1);
  }

  /** Bytes that can still be written. */
  get room(): number {
    return this.bytes.length - this.length;
  }

  /** Forgets all messages. */
  clear(): void {
    this.length = 0;
  }

  /** Starts a message; NLM_F_REQUEST is added to `flags`. Its fixed part and attributes follow, then `end`. */
  begin(type: number, flags: number): void {
    this.#start = this.length;
    this.take(NLMSG_HEADER);
    const half = this.#start >>> 1;
    this.#halves[half + 2] = type;
    this.#halves[half + 3] = flags | NLM_F_REQUEST;
    // The sequence number is the addon's to give, the port id the kernel's.
    this.words[(half >>> 1) + 2] = 0;
    this.words[(half >>> 1) + 3] = 0;
  }

  /** Ends the message that `begin` started: its length is now known. */
  end(): void {
    this.words[this.#start >>> 2] = this.length - this.#start;
  }

  /** Appends `size` zeroed bytes of a message's fixed part, and returns where they start. */
  fixed(size: number): number {
    const start = this.take(size);
    this.bytes.fill(0, start, this.length);
    return start;
  }

  /** Appends `size` bytes that the caller is to fill, and the zeroes that pad them; returns where they start. */
  take(size: number): number {
    const start = this.length;
    const end = start + align(size);
    if (end > this.bytes.length) throw new RangeError(`netlink message exceeds ${this.bytes.length} bytes`);
    // The padding must not show what an earlier message left here.
    if ((size & 3) !== 0) this.words[(end >>> 2) - 1] = 0;
    this.length = end;
    return start;
  }

  /** Starts a nested attribute; pass the result to `endNest`. */
  beginNest(type: number): number {
    const start = this.take(NLA_HEADER);
    this.#halves[(start >>> 1) + 1] = type | NLA_F_NESTED;
    return start;
  }

  endNest(start: number): void {
    this.#halves[start >>> 1] = this.length - start;
  }

  /** One byte. */
  u8(type: number, value: number): void {
    this.view.setUint8(this.#attribute(type, 1), value);
  }

  /** Two bytes in network order. */
  be16(type: number, value: number): void {
    this.view.setUint16(this.#attribute(type, 2), value);
  }

  /** Four bytes in network order. */
  be32(type: number, value: number): void {
    this.view.setUint32(this.#attribute(type, 4), value);
  }

  /** Four bytes in host order, as rtnetlink has them. */
  u32(type: number, value: number): void {
    this.words[this.#attribute(type, 4) >>> 2] = value;
  }

  /** An ASCII string with its closing zero. */
  string(type: number, text: string): void {
    const at = this.#attribute(type, text.length + 1);
    for (let index = 0; index < text.length; index++) this.bytes[at + index] = text.charCodeAt(index);
    this.bytes[at + text.length] = 0;
  }

  /** Bytes as they are. */
  binary(type: number, value: Uint8Array): void {
    this.bytes.set(value, this.#attribute(type, value.length));
  }

  /**
   * An address as 4 bytes under type `v4` or 16 bytes under type `v6`.
   *
   * Throws KernelError EINVAL, naming the value, when it is a text that is no IP literal.
   */
  address(v4: number, v6: number, address: Address): void {
    const known = typeof address === "number" ? address : knownAddress(address);
    if (typeof known === "number") {
      this.be32(v4, known);
      return;
    }
    const bytes = parseIpv6(known);
    if (bytes === undefined) throw notAnAddress(known);
    this.binary(v6, bytes);
  }

  #attribute(type: number, size: number): number {
    const start = this.take(NLA_HEADER + size);
    this.#halves[start >>> 1] = NLA_HEADER + size;
    this.#halves[(start >>> 1) + 1] = type;
    return start + NLA_HEADER;
  }
}

function notAnAddress(host: string): KernelError {
  return new KernelError("write netlink", "EINVAL", `"${host}" is not an IP address in canonical form`);
}
