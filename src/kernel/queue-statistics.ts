import { readFileSync } from "node:fs";
import { errorCode, KernelError } from "./kernel-error.ts";

const PATH = "/proc/net/netfilter/nfnetlink_queue";

/** What the kernel knows of one NFQUEUE: a line of /proc/net/netfilter/nfnetlink_queue. */
export interface QueueStatistics {
  /** Netlink port id of the socket that is bound to it. */
  readonly portId: number;
  /** Packets that wait for a verdict. */
  readonly waiting: number;
  /** Packets dropped because the queue was full. */
  readonly queueDropped: number;
  /** Packets dropped because the socket's receive buffer was full. */
  readonly userDropped: number;
}

/**
 * Returns what the kernel counts for queue `number` of this network namespace, undefined when nobody is bound to
 * it or the kernel does not tell (no NFQUEUE, no procfs). Throws KernelError when it may not be read.
 */
export function readQueueStatistics(number: number): QueueStatistics | undefined {
  try {
    return parseQueueStatistics(readFileSync(PATH, "latin1"), number);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw KernelError.from(`read ${PATH}`, error);
  }
}

/** Finds the line of queue `number` in that file's text (seq_show, net/netfilter/nfnetlink_queue.c). */
export function parseQueueStatistics(text: string, number: number): QueueStatistics | undefined {
  for (const line of text.split("\n")) {
    const [queue, portId, waiting, , , queueDropped, userDropped] = line.trim().split(/ +/).map(Number);
    if (queue !== number || portId === undefined) continue;
    return { portId, waiting: waiting ?? 0, queueDropped: queueDropped ?? 0, userDropped: userDropped ?? 0 };
  }
  return undefined;
}
