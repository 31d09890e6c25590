import { tcpPacket } from "../packet/packets.ts";

const FIN = 0x01;
const SYN = 0x02;
const PSH = 0x08;
const ACK = 0x10;

/** One end of a TCP connection in a made capture. */
export interface TalkEnd {
  readonly host: string;
  readonly port: number;
  /** Its initial sequence number. */
  readonly first: number;
}

/** TcpTalk writes the segments of one TCP connection as both ends would send them. */
export class TcpTalk {
  readonly packets: Buffer[] = [];
  readonly #ends: readonly [TalkEnd, TalkEnd];
  /** The next sequence number of either end. */
  readonly #next: [number, number];

  constructor(client: TalkEnd, server: TalkEnd) {
    this.#ends = [client, server];
    this.#next = [client.first, server.first];
  }

  /** The three segments that open it. */
  open(): this {
    this.#segment(0, "", SYN);
    this.#segment(1, "", SYN | ACK);
    return this.ack("client");
  }

  /** Sends `text` in segments that end at `cuts`; `kept` says which of them the capture has, in its order. */
  say(end: "client" | "server", text: string, cuts: readonly number[] = [], kept?: readonly number[]): this {
    const from = end === "client" ? 0 : 1;
    const before = this.packets.length;
    const marks = [0, ...cuts, text.length];
    for (let index = 0; index + 1 < marks.length; index++) {
      this.#segment(from, text.slice(marks[index], marks[index + 1]), PSH | ACK);
    }
    const sent = this.packets.splice(before);
    for (const index of kept ?? sent.keys()) {
      const packet = sent[index];
      if (packet === undefined) throw new Error(`there is no segment ${index}`);
      this.packets.push(packet);
    }
    return this;
  }

  /** Acknowledges everything that the other end has sent. */
  ack(end: "client" | "server"): this {
    this.#segment(end === "client" ? 0 : 1, "", ACK);
    return this;
  }

  /** Both ends finish. */
  close(): this {
    this.#segment(0, "", FIN | ACK);
    this.#segment(1, "", FIN | ACK);
    return this.ack("client");
  }

  #segment(from: 0 | 1, payload: string, flags: number): void {
    const to = from === 0 ? 1 : 0;
    const { host: source, port: sourcePort } = this.#ends[from];
    const { host: destination, port: destinationPort } = this.#ends[to];
    const packet = tcpPacket({ source, sourcePort, destination, destinationPort, payload });
    packet.writeUInt32BE(this.#next[from], 24);
    if ((flags & ACK) !== 0) packet.writeUInt32BE(this.#next[to], 28);
    packet.writeUInt8(flags, 33);
    this.packets.push(packet);
    const counted = payload.length + ((flags & (SYN | FIN)) === 0 ? 0 : 1);
    this.#next[from] = (this.#next[from] + counted) >>> 0;
  }
}
