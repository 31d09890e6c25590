import { ipv4ToNumber } from "../packet/ipv4.ts";
import type { PacketView } from "../packet/packet-view.ts";
import { writeUdpPacket } from "../packet/write-udp.ts";
import type { ReplayedMessage } from "./replay.ts";

const LARGEST_PACKET = 65_535;
const SOURCE = 12;
const DESTINATION = 16;

/** Outcomes of a message that passes unmodified on a flow of ours, which the kernel translates all the same. */
const WITH_FLOW: ReadonlySet<string> = new Set(["nothing-to-change", "untranslatable", "not-sip"]);

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
  const end = direction === "outbound" ? outside : inside;
  const hasFlow = typeof outcome !== "string" || WITH_FLOW.has(outcome);
  const address = end === undefined || !hasFlow ? undefined : ipv4ToNumber(end.host);
  if (end !== undefined && address !== undefined) {
    const outbound = direction === "outbound";
    copy.writeUInt32BE(address, packet.offset + (outbound ? SOURCE : DESTINATION));
    copy.writeUInt16BE(end.port, packet.transportOffset + (outbound ? 0 : 2));
  }
  const text = typeof outcome === "string" ? message.text : outcome.text;
  const output = Buffer.alloc(LARGEST_PACKET);
  const length = writeUdpPacket(packet, copy, text, output, 0, LARGEST_PACKET);
  return length === 0 ? undefined : Buffer.from(output.subarray(0, length));
}
