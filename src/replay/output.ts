import type { Outcome } from "../gateway/context.ts";
import { checksumOf, sumWords } from "../packet/checksum.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import { ipv4ToNumber } from "../packet/ipv4.ts";
import type { PacketView } from "../packet/packet-view.ts";
import { readSegment } from "../packet/tcp-segment.ts";
import { writeUdpPacket } from "../packet/write-udp.ts";
import type { Connection, HalfConnection, HalfName } from "./connections.ts";
import type { ReplayedMessage } from "./message.ts";

const LARGEST_PACKET = 65_535;
const SOURCE = 12;
const DESTINATION = 16;
const IPPROTO_TCP = 6;

/** TCP options of one byte, and the one that names sequence numbers (RFC 9293 §3.1, RFC 2018 §3). */
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const SACK = 5;

/** Outcomes of a message that passes unmodified on a flow of ours, which the kernel translates all the same. */
const WITH_FLOW: ReadonlySet<string> = new Set(["nothing-to-change", "untranslatable", "not-sip"]);

/** True when what became of a message leaves its flow with the kernel's NAT, as ours. */
export function hasFlow(outcome: Outcome): boolean {
  return typeof outcome !== "string" || WITH_FLOW.has(outcome);
}

/**
 * The UDP packet that `packet` views in `bytes` as it leaves the gateway: with its payload translated and, as the
 * kernel's NAT does it behind us, toward the outside from the external address, toward the inside to the phone's.
 *
 * @returns the packet, its checksums right; undefined when it would not fit into one
 */
export function leavingGateway(
  packet: PacketView,
  bytes: Buffer,
  message: ReplayedMessage,
): Buffer | undefined {
  const copy = Buffer.from(bytes);
  const { direction, outside, inside, outcome } = message;
  if (outside !== undefined && hasFlow(outcome)) readdress(packet, copy, direction, { inside, outside });
  const edits = typeof outcome === "string" ? [] : outcome.edits;
  const output = Buffer.alloc(LARGEST_PACKET);
  const length = writeUdpPacket(packet, copy, edits, output, 0, LARGEST_PACKET);
  return length === 0 ? undefined : Buffer.from(output.subarray(0, length));
}

/**
 * The TCP segment that `packet` views in `bytes` as it leaves the gateway, once all edits of its connection are
 * known: it carries the translation of those bytes of the stream that it carried, and its sequence and
 * acknowledgement numbers, SACK blocks among them, are moved by as much as either half has grown before them.
 *
 * @returns the packet, its checksums right; undefined when it is to stay as it came, or would not fit into one
 */
export function leavingSegment(
  packet: PacketView,
  bytes: Buffer,
  connection: Connection,
  half: HalfName,
): Buffer | undefined {
  const { ends } = connection;
  if (ends === undefined) return undefined;
  const own = connection[half];
  const other = connection[half === "outbound" ? "inbound" : "outbound"];
  const { sequence, acknowledged, syn, payload } = readSegment(packet, bytes);
  const from = own.stream.offsetOf(sequence) + Number(syn);
  const text = own.edits.translate(from, payload.toString("latin1"));
  const { offset, headerLength, transportOffset, payloadOffset } = packet;
  const length = payloadOffset - offset + text.length;
  if (length > LARGEST_PACKET) return undefined;

  const output = Buffer.alloc(length);
  bytes.copy(output, 0, offset, payloadOffset);
  output.write(text, payloadOffset - offset, "latin1");
  const tcp = transportOffset - offset;
  output.writeUInt16BE(length, 2);
  output.writeUInt32BE(moved(own, sequence), tcp + 4);
  if (acknowledged !== undefined) output.writeUInt32BE(moved(other, acknowledged), tcp + 8);
  moveSack(output.subarray(tcp + 20, payloadOffset - offset), other);
  readdress(packet, output, half, ends, -offset);

  const view = new DataView(output.buffer, output.byteOffset, length);
  output.writeUInt16BE(0, tcp + 16);
  const pseudo = sumWords(view, SOURCE, SOURCE + 8) + IPPROTO_TCP + length - headerLength;
  output.writeUInt16BE(checksumOf(pseudo + sumWords(view, tcp, length)), tcp + 16);
  output.writeUInt16BE(0, 10);
  output.writeUInt16BE(checksumOf(sumWords(view, 0, headerLength)), 10);
  return output;
}

/** The sequence number in the translated stream. */
function moved({ stream, edits }: HalfConnection, sequence: number): number {
  const offset = stream.offsetOf(sequence);
  return (sequence + edits.map(offset) - offset) >>> 0;
}

/** Moves the edges of the blocks that a SACK option names. */
function moveSack(options: Buffer, acknowledged: HalfConnection): void {
  for (let at = 0; at + 1 < options.length; ) {
    const kind = options.readUInt8(at);
    if (kind === END_OF_OPTIONS) return;
    const length = kind === NO_OPERATION ? 1 : options.readUInt8(at + 1);
    if (length < 1 || at + length > options.length) return;
    for (let edge = at + 2; kind === SACK && edge + 4 <= at + length; edge += 4) {
      options.writeUInt32BE(moved(acknowledged, options.readUInt32BE(edge)), edge);
    }
    at += length;
  }
}

/** Puts the address and port into `output` that the kernel's NAT would; `shift` is where it lies from `packet`. */
function readdress(
  { offset, transportOffset }: PacketView,
  output: Buffer,
  direction: "outbound" | "inbound",
  { inside, outside }: { readonly inside: Endpoint; readonly outside: Endpoint },
  shift = 0,
): void {
  const outbound = direction === "outbound";
  const end = outbound ? outside : inside;
  const address = ipv4ToNumber(end.host);
  if (address === undefined) return;
  output.writeUInt32BE(address, offset + shift + (outbound ? SOURCE : DESTINATION));
  output.writeUInt16BE(end.port, transportOffset + shift + (outbound ? 0 : 2));
}
