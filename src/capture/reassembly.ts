import { checksumOf, sumWords } from "../packet/checksum.ts";

const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const LARGEST_PACKET = 65_535;

/** Datagrams that wait for their last fragments; the one begun first is given up for another. */
const MOST_WAITING = 64;

interface Waiting {
  /** The header of its first fragment, once that is there. */
  header: Buffer | undefined;
  readonly pieces: { readonly start: number; readonly data: Buffer }[];
  /** Bytes of the whole payload, once the last fragment is there. */
  length: number | undefined;
}

/**
 * Reassembly puts fragmented IPv4 datagrams together, as the kernel does before a packet is queued (RFC 791 §3.2).
 * Fragments that contradict each other or leave a gap never become a datagram.
 */
export class Reassembly {
  readonly #waiting = new Map<string, Waiting>();

  /** Datagrams of which some fragments never came, those given up for others left out. */
  get incomplete(): number {
    return this.#waiting.size;
  }

  /**
   * Takes an IPv4 fragment, as long as its header says.
   *
   * @returns the datagram it completes, as one packet; undefined when more has to come
   */
  add(packet: Buffer): Buffer | undefined {
    const field = packet.readUInt16BE(6);
    const headerLength = ((packet[0] ?? 0) & 15) * 4;
    const start = (field & OFFSET_MASK) * 8;
    const data = packet.subarray(headerLength);
    const key = `${packet.toString("hex", 12, 20)} ${packet[9]} ${packet.readUInt16BE(4)}`;
    const waiting = this.#waitingFor(key);
    waiting.pieces.push({ start, data });
    if (start === 0) waiting.header = packet.subarray(0, headerLength);
    if ((field & MORE_FRAGMENTS) === 0) waiting.length = start + data.length;
    const whole = assemble(waiting);
    if (whole !== undefined) this.#waiting.delete(key);
    return whole;
  }

  #waitingFor(key: string): Waiting {
    let waiting = this.#waiting.get(key);
    if (waiting === undefined) {
      waiting = { header: undefined, pieces: [], length: undefined };
      if (this.#waiting.size >= MOST_WAITING) {
        const oldest = this.#waiting.keys().next();
        if (!oldest.done) this.#waiting.delete(oldest.value);
      }
      this.#waiting.set(key, waiting);
    }
    return waiting;
  }
}

function assemble({ header, pieces, length }: Waiting): Buffer | undefined {
  if (header === undefined || length === undefined) return undefined;
  const total = header.length + length;
  if (total > LARGEST_PACKET) return undefined;
  const whole = Buffer.alloc(total);
  header.copy(whole);
  let filled = 0;
  for (const { start, data } of [...pieces].sort((a, b) => a.start - b.start)) {
    if (start > filled || start + data.length > length) return undefined;
    data.copy(whole, header.length + start);
    filled = Math.max(filled, start + data.length);
  }
  if (filled < length) return undefined;
  whole.writeUInt16BE(total, 2);
  whole.writeUInt16BE(0, 6);
  whole.writeUInt16BE(0, 10);
  const view = new DataView(whole.buffer, whole.byteOffset, header.length);
  whole.writeUInt16BE(checksumOf(sumWords(view, 0, header.length)), 10);
  return whole;
}
