/** A frame to put into a capture file; `time` in nanoseconds since 1970. */
export interface Frame {
  readonly time: bigint;
  readonly bytes: Uint8Array;
}

type Order = "little" | "big";

/** Numbers one after another in one byte order. */
class Numbers {
  readonly #order: Order;
  readonly #parts: Uint8Array[] = [];

  constructor(order: Order) {
    this.#order = order;
  }

  u16(...values: number[]): this {
    for (const value of values) {
      const part = Buffer.alloc(2);
      if (this.#order === "little") part.writeUInt16LE(value);
      else part.writeUInt16BE(value);
      this.#parts.push(part);
    }
    return this;
  }

  u32(...values: number[]): this {
    for (const value of values) {
      const part = Buffer.alloc(4);
      if (this.#order === "little") part.writeUInt32LE(value);
      else part.writeUInt32BE(value);
      this.#parts.push(part);
    }
    return this;
  }

  /** Bytes, and zeros up to the next multiple of 4. */
  padded(bytes: Uint8Array): this {
    this.#parts.push(bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4));
    return this;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** What a pcap file is written with. */
export interface PcapFormat {
  readonly order: Order;
  readonly nanoseconds: boolean;
  readonly linkType: number;
}

/** Writes a pcap file. */
export function pcapFile(frames: readonly Frame[], { order, nanoseconds, linkType }: PcapFormat): Buffer {
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = new Numbers(order).u32(magic).u16(2, 4).u32(0, 0, 262_144, linkType).bytes();
  const records = frames.map(({ time, bytes }) => {
    const fraction = (time % 1_000_000_000n) / (nanoseconds ? 1n : 1000n);
    const numbers = [Number(time / 1_000_000_000n), Number(fraction), bytes.length, bytes.length];
    return Buffer.concat([new Numbers(order).u32(...numbers).bytes(), bytes]);
  });
  return Buffer.concat([header, ...records]);
}

function block(order: Order, type: number, body: Uint8Array): Buffer {
  const length = 12 + Math.ceil(body.length / 4) * 4;
  return new Numbers(order).u32(type, length).padded(body).u32(length).bytes();
}

/** Writes one pcapng section: its header, one interface, one Enhanced Packet Block per frame. */
export function pcapngSection(
  frames: readonly Frame[],
  { order, nanoseconds, linkType }: PcapFormat,
): Buffer {
  const version = new Numbers(order).u32(0x1a2b3c4d).u16(1, 0).u32(0xffff_ffff, 0xffff_ffff).bytes();
  const resolution = new Numbers(order).u16(9, 1).padded(Uint8Array.of(9)).u16(0, 0).bytes();
  const described = new Numbers(order).u16(linkType, 0).u32(0);
  if (nanoseconds) described.padded(resolution);
  const name = block(order, 0x0bad, Buffer.from("a block of another kind"));
  const packets = frames.map(({ time, bytes }) => {
    const units = nanoseconds ? time : time / 1000n;
    const numbers = [0, Number(units >> 32n), Number(units & 0xffff_ffffn), bytes.length, bytes.length];
    return block(
      order,
      6,
      new Numbers(order)
        .u32(...numbers)
        .padded(bytes)
        .bytes(),
    );
  });
  return Buffer.concat([
    block(order, 0x0a0d0d0a, version),
    block(order, 1, described.bytes()),
    name,
    ...packets,
  ]);
}
