/** Requests about conntracks, numbered from 0; conntrack n has source port n + 1. */
import { encodeDumpConntrack, encodeNewConntrack } from "../../src/kernel/conntrack-message.ts";
import { MessageWriter } from "../../src/kernel/message-writer.ts";
import type { Native, NetlinkHandle } from "../../src/kernel/native.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";

/** IPS_CONFIRMED of linux/netfilter/nf_conntrack_common.h. */
export const CONFIRMED = 8;

export function flow(index: number): FlowTuple {
  const source = { host: "192.168.50.2", port: 1 + index };
  return { protocol: "udp", source, destination: { host: "203.0.113.2", port: 5060 } };
}

export function writer(count: number): MessageWriter {
  return new MessageWriter(256 * (count + 1));
}

/** Creates conntracks 0 to count - 1; returns the errno of each. */
export function create(addon: Native, socket: NetlinkHandle, count: number): Int32Array {
  const requests = writer(count);
  for (let index = 0; index < count; index++)
    encodeNewConntrack(requests, { original: flow(index), status: CONFIRMED, timeout: 300 });
  return request(addon, socket, requests, count);
}

export function request(
  addon: Native,
  socket: NetlinkHandle,
  requests: MessageWriter,
  count: number,
): Int32Array {
  const errnos = new Int32Array(count).fill(-1);
  addon.netlink_request(socket, requests.bytes, requests.length, errnos, new Uint8Array(0));
  return errnos;
}

export function openDump(addon: Native, socket: NetlinkHandle): void {
  const dump = writer(1);
  encodeDumpConntrack(dump);
  addon.netlink_dump(socket, Buffer.from(dump.bytes.subarray(0, dump.length)));
}

/** CTA_PROTO_SRC_PORT is the first attribute of type 2 and length 6 of a conntrack message. */
export function sourcePort(message: Buffer): number {
  return message.readUInt16BE(message.indexOf(Buffer.from([6, 0, 2, 0])) + 4);
}
