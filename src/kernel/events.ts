import type { PortRange } from "../packet/port-range.ts";
import { MASTER_PORT } from "./arm.ts";
import { type ConntrackEntry, decodeConntrack } from "./conntrack-message.ts";
import {
  CT_DELETE,
  CT_NEW,
  EXP_DELETE,
  NFNLGRP_CONNTRACK_DESTROY,
  NFNLGRP_CONNTRACK_EXP_DESTROY,
  NFNLGRP_CONNTRACK_NEW,
} from "./ctnetlink.ts";
import { ExpectationEnd } from "./expectation-end.ts";
import { KernelError } from "./kernel-error.ts";
import type { Native } from "./native.ts";
import { align, messageSize, messageType, NETLINK_NETFILTER } from "./netlink-message.ts";
import { tableEventFilter } from "./socket-filter.ts";
import type { Watch } from "./watch.ts";

/** Events the kernel may hold for us; beyond it throws them away and onOverrun tells. */
const RECEIVE_BUFFER = 8 << 20;
const BUFFER = 64 << 10;

const MASTER_PORTS: PortRange = { first: MASTER_PORT, last: MASTER_PORT };

/** Told what the kernel's tables went through. */
export interface TableEvents {
  /**
   * An expectation, ours or another's, was consumed, timed out or deleted (by us too); which, it does not say.
   *
   * @param end holds until this returns
   */
  expectationGone(end: ExpectationEnd): void;
  /** A packet that was expected has its conntrack; its expectation was told to be gone before. */
  flowBegan(entry: ConntrackEntry): void;
  /**
   * A conntrack ended that was expected, is a master that we have not taken out ourselves, or whose original destination
   * port was asked for.
   */
  conntrackEnded(entry: ConntrackEntry): void;
  /** All that came at once has been told by the above. */
  told(): void;
  /** Some events were lost: dump and compare. */
  overrun(): void;
  /** One of the above threw `error`, or what the kernel sent cannot be read. */
  failed(error: unknown): void;
}

/**
 * Watches expectations, the flows they let in, and the end of entries: of masters (MASTER_PORT) and of those
 * to `ports`. One socket tells all of it, so that it comes in the order it happened; the kernel filters.
 *
 * Throws KernelError: EPERM without CAP_NET_ADMIN.
 *
 * @param requester netlink port id of the socket by which we take masters out: of their ends nothing is told
 */
export function watchTables(
  native: Native,
  ports: readonly PortRange[],
  events: TableEvents,
  requester?: number,
): Watch {
  try {
    const socket = native.netlink_open(NETLINK_NETFILTER, RECEIVE_BUFFER);
    native.netlink_filter(socket, tableEventFilter([MASTER_PORTS, ...ports], requester));
    const buffer = Buffer.alloc(BUFFER);
    const expectation = new ExpectationEnd(buffer);
    const groups = Uint32Array.of(
      NFNLGRP_CONNTRACK_NEW,
      NFNLGRP_CONNTRACK_DESTROY,
      NFNLGRP_CONNTRACK_EXP_DESTROY,
    );
    native.netlink_subscribe(socket, groups, buffer, (length) => {
      if (length < 0) attempt(events, () => events.overrun());
      else tellAll(events, buffer, length, expectation);
    });
    return { close: () => native.netlink_close(socket) };
  } catch (error) {
    throw KernelError.from("watch conntrack events", error);
  }
}

/**
 * Tells every event in `bytes[0..length)`; one that fails costs the others nothing.
 *
 * @param expectation reads those of expectations; of the same bytes
 */
export function tellAll(
  events: TableEvents,
  bytes: Uint8Array,
  length: number,
  expectation = new ExpectationEnd(bytes),
): void {
  attempt(events, () => {
    for (let start = 0; start < length; ) {
      const end = start + messageSize(expectation.view, start, length);
      tell(events, bytes, start, end, expectation);
      start = align(end);
    }
  });
  attempt(events, () => events.told());
}

function attempt(events: TableEvents, work: () => void): void {
  try {
    work();
  } catch (error) {
    events.failed(error);
  }
}

function tell(
  events: TableEvents,
  bytes: Uint8Array,
  start: number,
  end: number,
  expectation: ExpectationEnd,
): void {
  try {
    const type = messageType(expectation.view, start);
    if (type === EXP_DELETE) {
      if (expectation.read(start, end)) events.expectationGone(expectation);
      return;
    }
    const entry = decodeConntrack(bytes, { type, start, end });
    if (entry === undefined) return;
    if (type === CT_NEW) events.flowBegan(entry);
    else if (type === CT_DELETE) events.conntrackEnded(entry);
  } catch (error) {
    events.failed(error);
  }
}
