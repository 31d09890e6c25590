import { numberToIpv4 } from "../packet/ipv4.ts";
import { formatIpv6 } from "../packet/ipv6.ts";
import { KernelError } from "./kernel-error.ts";
import { align, LITTLE_ENDIAN, NLA_HEADER, NLA_TYPE_MASK } from "./netlink-message.ts";

/**
 * AttributeReader walks the attributes in `bytes[start..end)`: `next()` moves to one, `type` names it, and the
 * accessor for its kind reads it. An unknown type is skipped by not reading it.
 *
 * Every length is checked: an attribute that does not fit, or a value of another size than the accessor's, throws
 * KernelError EBADMSG.
 */
export class AttributeReader {
  /** Type of the current attribute, without the NLA_F_* bits. */
  type: number = 0;
  /** Where the current value starts in `bytes`. */
  start = 0;
  /** Just behind the current value. */
  end = 0;
  readonly bytes: Uint8Array;
  /** Of `bytes`. */
  readonly view: DataView;
  readonly #limit: number;
  #next: number;

  /** @param view of `bytes`, where there is one already */
  constructor(
    bytes: Uint8Array,
    start: number,
    end: number,
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  ) {
    this.bytes = bytes;
    this.view = view;
    this.#next = start;
    this.#limit = end;
  }

  /** Moves to the next attribute; false when there is none. */
  next(): boolean {
    const left = this.#limit - this.#next;
    if (left <= 0) return false;
    if (left < NLA_HEADER) throw badAttribute(`${left} bytes left of an attribute header`);
    const size = this.view.getUint16(this.#next, LITTLE_ENDIAN);
    if (size < NLA_HEADER || size > left) throw badAttribute(`attribute of ${size} bytes in ${left} bytes`);
    this.type = this.view.getUint16(this.#next + 2, LITTLE_ENDIAN) & NLA_TYPE_MASK;
    this.start = this.#next + NLA_HEADER;
    this.end = this.#next + size;
    this.#next += align(size);
    return true;
  }

  /** The attributes nested in this one. */
  nested(): AttributeReader {
    return new AttributeReader(this.bytes, this.start, this.end, this.view);
  }

  u8(): number {
    return this.view.getUint8(this.#sized(1));
  }

  /** Two bytes in network order. */
  be16(): number {
    return this.view.getUint16(this.#sized(2));
  }

  /** Four bytes in network order. */
  be32(): number {
    return this.view.getUint32(this.#sized(4));
  }

  /** Four bytes in host order, as rtnetlink has them. */
  u32(): number {
    return this.view.getUint32(this.#sized(4), LITTLE_ENDIAN);
  }

  /** Text up to its closing zero or the attribute's end. */
  string(): string {
    let end = this.start;
    while (end < this.end && this.bytes[end] !== 0) end++;
    const { buffer, byteOffset } = this.bytes;
    return Buffer.from(buffer, byteOffset + this.start, end - this.start).toString("latin1");
  }

  /** An address of 4 or 16 bytes as a canonical host. */
  address(): string {
    if (this.end - this.start === 16) return formatIpv6(this.bytes, this.start);
    return numberToIpv4(this.be32());
  }

  #sized(size: number): number {
    if (this.end - this.start !== size) {
      throw badAttribute(`attribute ${this.type} holds ${this.end - this.start} bytes where ${size} are due`);
    }
    return this.start;
  }
}

function badAttribute(detail: string): KernelError {
  return new KernelError("read netlink", "EBADMSG", detail);
}
