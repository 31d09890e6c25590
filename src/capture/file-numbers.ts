/** FileNumbers reads the numbers of a capture file, which are in the byte order of the machine that wrote it. */
export class FileNumbers {
  readonly #view: DataView;
  readonly #little: boolean;

  constructor(bytes: Buffer, order: "little" | "big") {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#little = order === "little";
  }

  /** The byte at `offset`. */
  u8(offset: number): number {
    return this.#view.getUint8(offset);
  }

  /** The unsigned 16-bit number at `offset`. */
  u16(offset: number): number {
    return this.#view.getUint16(offset, this.#little);
  }

  /** The unsigned 32-bit number at `offset`. */
  u32(offset: number): number {
    return this.#view.getUint32(offset, this.#little);
  }

  /** The signed 64-bit number at `offset`. */
  i64(offset: number): bigint {
    return this.#view.getBigInt64(offset, this.#little);
  }
}
