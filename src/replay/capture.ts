import type { IpPacket } from "../capture/ip-packets.ts";
import type { WrittenPacket } from "../capture/write-pcap.ts";
import type { Config } from "../config/schema.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import type { Network } from "../packet/network.ts";
import { type PacketKind, PacketView } from "../packet/packet-view.ts";
import type { Connection, HalfName } from "./connections.ts";
import type { Found, ReplayedMessage, StreamNote } from "./message.ts";
import { leavingGateway, leavingSegment } from "./output.ts";
import { Replay } from "./replay.ts";
import { receivedAddress } from "./side.ts";

/** Stands in for an external address that nobody has named (TEST-NET-1 of RFC 5737). */
const STAND_IN = "192.0.2.1";

/** What a capture is replayed with. */
export interface ReplayOptions {
  readonly config: Config;
  /** The phones' networks. */
  readonly inside: readonly Network[];
  /** The gateway's external address; undefined to take it from the capture. */
  readonly outside: string | undefined;
}

/** A message and when it was captured, in nanoseconds since 1970. */
export interface TimedMessage {
  readonly time: bigint;
  readonly message: ReplayedMessage;
}

/** A note on a TCP connection that carries SIP, and when it was due, in nanoseconds since 1970. */
export interface TimedNote {
  readonly time: bigint;
  readonly note: StreamNote;
}

/** What became of a whole capture. */
export interface ReplayedCapture {
  readonly messages: readonly TimedMessage[];
  /** What of the TCP connections that carry SIP could not be followed. */
  readonly notes: readonly TimedNote[];
  readonly external: string;
  /** Where `external` comes from: an option, a Via of the capture, or nowhere. */
  readonly externalFrom: "given" | "received" | "stand-in";
  /** How many packets were not followed, by the reason in an admin's words. */
  readonly left: ReadonlyMap<string, number>;
  /**
   * Every packet in order: SIP as it leaves the gateway, the others as they came. A TCP connection that carries SIP
   * keeps the segments it was captured in, each with the translation of the bytes it had.
   */
  readonly written: readonly WrittenPacket[];
}

const UNREAD: Readonly<Record<Exclude<PacketKind, "udp" | "tcp">, string>> = {
  "other-protocol": "IPv4 packets of neither UDP nor TCP",
  ipv6: "IPv6 packets, which are not translated",
  "not-ip": "packets that are no IP",
  truncated: "packets too short for their headers",
  "bad-length": "packets whose lengths contradict each other",
  fragment: "packets whose lengths contradict each other",
};

/** What becomes of a packet that its translation does not fit into. */
const OUTGROWN = "packets that would exceed 65535 bytes when translated, and are written as they came";

/** Runs the IP packets of a capture, in their order, through an engine that has seen nothing yet. */
export function replayCapture(packets: readonly IpPacket[], options: ReplayOptions): ReplayedCapture {
  const { external, externalFrom, hasInboundInside } = survey(packets, options);
  const sides = { inside: options.inside, external: ipv4ToNumber(external) ?? 0, hasInboundInside };
  const replay = new Replay(options.config, sides, milliseconds(packets[0]?.time ?? 0n));
  const messages: TimedMessage[] = [];
  const notes: TimedNote[] = [];
  const left = new Map<string, number>();
  const outputs: (Buffer | undefined)[] = [];
  const segments: Segment[] = [];
  const view = new PacketView();
  const keep = (time: bigint, found: Found): void => {
    for (const message of found.messages) messages.push({ time, message });
    for (const note of found.notes) notes.push({ time, note });
  };
  for (const [index, { time, bytes }] of packets.entries()) {
    const kind = view.parse(bytes, 0, bytes.length);
    if (kind !== "udp" && kind !== "tcp") {
      count(left, UNREAD[kind]);
      continue;
    }
    const replayed = replay.take(view, bytes, kind, milliseconds(time));
    if (replayed.kind === "left") count(left, replayed.reason);
    else if (replayed.kind === "segment") {
      segments.push({ index, connection: replayed.connection, half: replayed.half });
      keep(time, replayed.found);
    } else {
      messages.push({ time, message: replayed.message });
      outputs[index] = leavingGateway(view, bytes, replayed.message);
      if (outputs[index] === undefined) count(left, OUTGROWN);
    }
  }
  keep(packets.at(-1)?.time ?? 0n, replay.end());
  // The end of a message decides what becomes of its beginning, so a segment waits until all others were read.
  for (const { index, connection, half } of segments) {
    const bytes = packets[index]?.bytes;
    if (!connection.isSip) count(left, "TCP segments of connections that carry no SIP");
    else if (bytes !== undefined) {
      view.parse(bytes, 0, bytes.length);
      outputs[index] = leavingSegment(view, bytes, connection, half);
      if (outputs[index] === undefined && connection.ends !== undefined) count(left, OUTGROWN);
    }
  }
  return {
    messages,
    notes: notes.filter(({ note }) => note.connection.isSip),
    external,
    externalFrom,
    left,
    written: packets.map(({ time, bytes }, index) => ({ time, bytes: outputs[index] ?? bytes })),
  };
}

/** Where a TCP segment stands in the capture, and in its connection. */
interface Segment {
  readonly index: number;
  readonly connection: Connection;
  readonly half: HalfName;
}

/** What all the packets together tell of the gateway and of the place where they were captured. */
function survey(
  packets: readonly IpPacket[],
  { inside, outside }: ReplayOptions,
): Pick<ReplayedCapture, "external" | "externalFrom"> & { readonly hasInboundInside: boolean } {
  const isInside = (address: number): boolean => inside.some((network) => network.contains(address));
  const view = new PacketView();
  let received: string | undefined;
  let hasInboundInside = false;
  for (const { bytes } of packets) {
    const kind = view.parse(bytes, 0, bytes.length);
    if (kind !== "udp" && kind !== "tcp") continue;
    if (isInside(view.source) || !isInside(view.destination)) continue;
    hasInboundInside = true;
    if (received !== undefined) continue;
    const named = receivedAddress(view, bytes);
    const address = named === undefined ? undefined : ipv4ToNumber(named);
    if (address !== undefined && !isInside(address)) received = named;
  }
  if (outside !== undefined) return { external: outside, externalFrom: "given", hasInboundInside };
  if (received !== undefined) return { external: received, externalFrom: "received", hasInboundInside };
  return { external: STAND_IN, externalFrom: "stand-in", hasInboundInside };
}

function milliseconds(time: bigint): number {
  return Number(time / 1_000_000n);
}

function count(left: Map<string, number>, reason: string): void {
  left.set(reason, (left.get(reason) ?? 0) + 1);
}
