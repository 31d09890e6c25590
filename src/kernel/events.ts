import { type ConntrackEntry, decodeConntrack } from "./conntrack-message.ts";
import {
  CT_DELETE,
  EXP_DELETE,
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_EXP_DESTROY,
} from "./ctnetlink.ts";
import { decodeExpectation, type ExpectationEntry } from "./expectation-message.ts";
import { KernelError } from "./kernel-error.ts";
import type { Native } from "./native.ts";
import { messages, NETLINK_NETFILTER } from "./netlink-message.ts";
import { destinationPortFilter, type PortRange } from "./socket-filter.ts";
import type { Watch } from "./watch.ts";

/** Events the kernel may hold for us; beyond it throws them away and onOverrun tells. */
const RECEIVE_BUFFER = 8 << 20;
const BUFFER = 64 << 10;

/** Our masters' destination port: no other flow has it. */
const MASTER_PORTS: PortRange = { first: 0, last: 0 };

/**
 * Calls `onDestroyed` for every expectation, ours or another's, that was consumed, timed out or deleted (by us
 * too); the kernel does not say which. `onOverrun` tells that some events were lost: dump and compare.
 *
 * Throws KernelError: EPERM without CAP_NET_ADMIN.
 */
export function watchExpectations(
  native: Native,
  onDestroyed: (expectation: ExpectationEntry) => void,
  onOverrun: () => void,
): Watch {
  return watch(native, NFNLGRP_CONNTRACK_EXP_DESTROY, undefined, onOverrun, (bytes, message) => {
    if (message.type !== EXP_DELETE) return;
    const entry = decodeExpectation(bytes, message);
    if (entry !== undefined) onDestroyed(entry);
  });
}

/**
 * Calls `onDestroyed` for every conntrack that ended whose original destination port is 0, as our masters' is, or
 * in one of `ports`; the kernel filters. `onOverrun` as with watchExpectations.
 *
 * Throws KernelError: EPERM without CAP_NET_ADMIN.
 */
export function watchConntrackDestroy(
  native: Native,
  ports: readonly PortRange[],
  onDestroyed: (entry: ConntrackEntry) => void,
  onOverrun: () => void,
): Watch {
  const filter = destinationPortFilter([MASTER_PORTS, ...ports]);
  return watch(native, NFNLGRP_CONNTRACK_DESTROY, filter, onOverrun, (bytes, message) => {
    if (message.type !== CT_DELETE) return;
    const entry = decodeConntrack(bytes, message);
    if (entry !== undefined) onDestroyed(entry);
  });
}

function watch(
  native: Native,
  group: number,
  filter: Uint8Array | undefined,
  onOverrun: () => void,
  onMessage: (bytes: Uint8Array, message: { type: number; start: number; end: number }) => void,
): Watch {
  try {
    const socket = native.netlink_open(NETLINK_NETFILTER, RECEIVE_BUFFER);
    if (filter !== undefined) native.netlink_filter(socket, filter);
    const buffer = Buffer.alloc(BUFFER);
    native.netlink_subscribe(socket, Uint32Array.of(group), buffer, (length) => {
      if (length < 0) return onOverrun();
      for (const message of messages(buffer, length)) onMessage(buffer, message);
    });
    return { close: () => native.netlink_close(socket) };
  } catch (error) {
    throw KernelError.from("watch conntrack events", error);
  }
}
