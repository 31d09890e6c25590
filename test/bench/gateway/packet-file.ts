import { ipv4ToNumber } from "../../../src/packet/ipv4.ts";

/** One UDP packet that an end of the benchmark sends, from port 5060. */
export interface Packet {
  readonly sender: "phone" | "prov";
  readonly from: string;
  readonly to: string;
  readonly toPort: number;
  readonly payload: string;
}

/** A header that sip-load writes the time of sending into. */
export const STAMP_HEADER = `X-Stamp: ${"0".repeat(16)}`;
/** A part of an identifier that sip-load makes another one in every turn. */
export const TURN = `turn-${"0".repeat(8)}`;

const HEAD = 16;

/** The packets as sip-load reads them: numbers that it does not hand on to the kernel in this machine's byte order. */
export function encodePackets(packets: readonly Packet[]): Buffer {
  return Buffer.concat(
    packets.flatMap(({ sender, from, to, toPort, payload }) => {
      const head = Buffer.alloc(HEAD);
      head.writeUInt32BE(ipv4ToNumber(from) ?? 0, 0);
      head.writeUInt32BE(ipv4ToNumber(to) ?? 0, 4);
      head.writeUInt16BE(toPort, 8);
      head.set(new Uint8Array(Uint16Array.of(sender === "phone" ? 0 : 1).buffer), 10);
      head.set(new Uint8Array(Uint32Array.of(payload.length).buffer), 12);
      return [head, Buffer.from(payload, "latin1")];
    }),
  );
}
