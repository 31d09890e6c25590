import { NFNLGRP_CONNTRACK_EXP_DESTROY } from "./ctnetlink.ts";
import { decodeExpectation, type ExpectationEntry } from "./expectation-message.ts";
import type { Native } from "./native.ts";
import { messages, NETLINK_NETFILTER } from "./netlink-message.ts";

const RECEIVE_BUFFER = 8 << 20;

/**
 * Calls back for every expectation that ends, whoever made it: consumed by a packet, timed out or deleted.
 *
 * @param onOverrun is called when the kernel had to throw events away; the table must then be dumped
 */
export function watchExpectations(
  native: Native,
  onDestroyed: (expectation: ExpectationEntry) => void,
  onOverrun: () => void,
): { close(): void } {
  const socket = native.netlink_open(NETLINK_NETFILTER, RECEIVE_BUFFER);
  const buffer = Buffer.alloc(64 << 10);
  native.netlink_subscribe(socket, Uint32Array.of(NFNLGRP_CONNTRACK_EXP_DESTROY), buffer, (length) => {
    if (length < 0) {
      onOverrun();
      return;
    }
    for (const message of messages(buffer, length)) {
      const entry = decodeExpectation(buffer, message);
      if (entry !== undefined) onDestroyed(entry);
    }
  });
  return { close: () => native.netlink_close(socket) };
}
