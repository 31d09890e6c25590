import type { CapturedPacket } from "./captured-packet.ts";
import { LINK_REMEDY, linkLayer } from "./link-layer.ts";
import { Reassembly } from "./reassembly.ts";

/** One IP packet of a capture; fragments are one packet, with the time of the last of them. */
export interface IpPacket {
  /** Nanoseconds since 1970-01-01 UTC. */
  readonly time: bigint;
  /** From its IP header on; what the link layer added behind it is left out of an IPv4 packet. */
  readonly bytes: Buffer;
}

/** IpPackets takes the IP packets out of captured frames, and counts what it could not take. */
export class IpPackets {
  readonly #reassembly = new Reassembly();
  readonly #left = new Map<string, number>();
  /** Link types that are not read. */
  readonly unread = new Set<number>();

  /** How many frames gave no packet, by the reason in an admin's words. */
  left(): ReadonlyMap<string, number> {
    const left = new Map(this.#left);
    const { incomplete } = this.#reassembly;
    if (incomplete > 0) left.set("IP datagrams of which a fragment is not in the capture", incomplete);
    return left;
  }

  /** The IP packet that a frame carries or completes; undefined when there is none. */
  take({ time, linkType, bytes: frame }: CapturedPacket): IpPacket | undefined {
    const find = linkLayer(linkType);
    if (find === undefined) {
      this.unread.add(linkType);
      return this.#leave(`frames of link type ${linkType}, which is not read: ${LINK_REMEDY}`);
    }
    const start = find(frame);
    if (start === undefined) return this.#leave("frames that carry no IP");
    const packet = frame.subarray(start);
    if (packet.length < 20 || (packet[0] ?? 0) >>> 4 !== 4) return { time, bytes: packet };
    const length = packet.readUInt16BE(2);
    if (length > packet.length) return this.#leave("packets that were captured in part: capture with -s 0");
    if (length < 20) return { time, bytes: packet };
    const bytes = packet.subarray(0, length);
    const isFragment = (bytes.readUInt16BE(6) & 0x3fff) !== 0;
    const headerLength = ((bytes[0] ?? 0) & 15) * 4;
    if (!isFragment || headerLength < 20 || headerLength > length) return { time, bytes };
    const whole = this.#reassembly.add(bytes);
    return whole === undefined ? undefined : { time, bytes: whole };
  }

  #leave(reason: string): undefined {
    this.#left.set(reason, (this.#left.get(reason) ?? 0) + 1);
  }
}
