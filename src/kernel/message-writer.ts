import { familyOf } from "../packet/host.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import { parseIpv6 } from "../packet/ipv6.ts";
import { KernelError } from "./kernel-error.ts";
import {
  align,
  LITTLE_ENDIAN,
  NLA_F_NESTED,
  NLA_HEADER,
  NLM_F_REQUEST,
  NLMSG_HEADER,
} from "./netlink-message.ts";

/**
 * MessageWriter writes netlink messages one behind the other into one buffer that is used again and again.
 *
 * Nothing is allocated per message. Writing beyond the buffer throws RangeError: the caller starts a message only
 * where `room` shows space for the largest one it knows.
 */
export class MessageWriter {
  readonly bytes: Buffer;
  /** Bytes written so far. */
  length = 0;
  readonly #view: DataView;
  #start = 0;

  constructor(capacity: number) {
    this.bytes = Buffer.alloc(capacity);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, capacity);
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
    this.#advance(NLMSG_HEADER);
    this.#view.setUint16(this.#start + 4, type, LITTLE_ENDIAN);
    this.#view.setUint16(this.#start + 6, flags | NLM_F_REQUEST, LITTLE_ENDIAN);
    // The sequence number is the addon's to give, the port id the kernel's.
    this.#view.setUint32(this.#start + 8, 0);
    this.#view.setUint32(this.#start + 12, 0);
  }

  /** Ends the message that `begin` started: its length is now known. */
  end(): void {
    this.#view.setUint32(this.#start, this.length - this.#start, LITTLE_ENDIAN);
  }

  /** Appends `size` zeroed bytes of a message's fixed part, and returns where they start. */
  fixed(size: number): number {
    const start = this.#advance(size);
    this.bytes.fill(0, start, this.length);
    return start;
  }

  /** Starts a nested attribute; pass the result to `endNest`. */
  beginNest(type: number): number {
    const start = this.#advance(NLA_HEADER);
    this.#view.setUint16(start + 2, type | NLA_F_NESTED, LITTLE_ENDIAN);
    return start;
  }

  endNest(start: number): void {
    this.#view.setUint16(start, this.length - start, LITTLE_ENDIAN);
  }

  /** One byte. */
  u8(type: number, value: number): void {
    this.#view.setUint8(this.#attribute(type, 1), value);
  }

  /** Two bytes in network order. */
  be16(type: number, value: number): void {
    this.#view.setUint16(this.#attribute(type, 2), value);
  }

  /** Four bytes in network order. */
  be32(type: number, value: number): void {
    this.#view.setUint32(this.#attribute(type, 4), value);
  }

  /** Four bytes in host order, as rtnetlink has them. */
  u32(type: number, value: number): void {
    this.#view.setUint32(this.#attribute(type, 4), value, LITTLE_ENDIAN);
  }

  /** An ASCII string with its closing zero. */
  string(type: number, text: string): void {
    const at = this.#attribute(type, text.length + 1);
    this.bytes.write(text, at, "latin1");
    this.bytes[at + text.length] = 0;
  }

  /** Bytes as they are. */
  binary(type: number, value: Uint8Array): void {
    this.bytes.set(value, this.#attribute(type, value.length));
  }

  /**
   * A canonical host as 4 bytes under type `v4` or 16 bytes under type `v6`.
   *
   * Throws KernelError EINVAL, naming the value, when `host` is no IP literal.
   */
  address(v4: number, v6: number, host: string): void {
    if (familyOf(host) === "ipv4") {
      const number = ipv4ToNumber(host);
      if (number === undefined) throw notAnAddress(host);
      this.be32(v4, number);
      return;
    }
    const bytes = parseIpv6(host);
    if (bytes === undefined) throw notAnAddress(host);
    this.binary(v6, bytes);
  }

  #attribute(type: number, size: number): number {
    const start = this.#advance(NLA_HEADER + size);
    this.#view.setUint16(start, NLA_HEADER + size, LITTLE_ENDIAN);
    this.#view.setUint16(start + 2, type, LITTLE_ENDIAN);
    return start + NLA_HEADER;
  }

  #advance(size: number): number {
    const start = this.length;
    const end = start + align(size);
    if (end > this.bytes.length) throw new RangeError(`netlink message exceeds ${this.bytes.length} bytes`);
    // The padding must not show what an earlier message left here.
    if ((size & 3) !== 0) this.#view.setUint32(end - 4, 0);
    this.length = end;
    return start;
  }
}

function notAnAddress(host: string): KernelError {
  return new KernelError("write netlink", "EINVAL", `"${host}" is not an IP address in canonical form`);
}
