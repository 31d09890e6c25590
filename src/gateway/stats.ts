import type { Config } from "../config/schema.ts";
import type { Queue, QueueCounts } from "../kernel/queue.ts";
import type { Counters } from "../observe/counters.ts";
import { packageVersion } from "../package-root.ts";
import type { WriteBehindStatistics } from "../store/write-behind.ts";
import type { GatewayContext } from "./context.ts";

/** What `GET /stats` answers with. */
export interface GatewayStats {
  readonly version: string;
  /** When the daemon started, ISO 8601, and for how long it has been running, in seconds. */
  readonly startedAt: string;
  readonly uptime: number;
  /** The address the kernel translates to, and the one that is written into messages. */
  readonly external: string;
  readonly advertised: string;
  /** What the table holds now; calls and streams that have ended count until their ports are free. */
  readonly bindings: number;
  readonly calls: number;
  readonly streams: number;
  /** What it holds at most: bindings of each transport, calls, streams, streams of one inside address. */
  readonly limits: {
    readonly bindings: number;
    readonly calls: number;
    readonly streams: number;
    readonly streamsPerEndpoint: number;
  };
  /**
   * Entries of the kernel's expectation table: the most that may be ours, those that are, the most that ever were at
   * once; and how many RTP or RTCP ports wait for one.
   */
  readonly slots: {
    readonly limit: number;
    readonly used: number;
    readonly most: number;
    readonly waiting: number;
  };
  /** Since the start. */
  readonly counters: Counters;
  readonly queue: QueueCounts;
  /** Null when the table is not kept, which the log has said why. */
  readonly store: WriteBehindStatistics | null;
}

/**
 * Makes what reads the statistics of a gateway.
 *
 * @param store undefined where the table is not kept
 * @param epoch milliseconds since the epoch at which the gateway's clock was 0
 */
export function statisticsOf(
  context: GatewayContext,
  table: Config["table"],
  queue: Queue,
  store: () => WriteBehindStatistics | undefined,
  epoch: number,
): () => GatewayStats {
  const version = packageVersion();
  const began = performance.now();
  const startedAt = new Date(began + epoch).toISOString();
  const limits = {
    bindings: table.max_bindings,
    calls: table.max_streams,
    streams: table.max_streams,
    streamsPerEndpoint: table.max_streams_per_endpoint,
  };
  return () => {
    const { external, bindings, calls, counters } = context;
    const { limit, used, most, waiting } = calls.slots;
    return {
      version,
      startedAt,
      uptime: Math.round((performance.now() - began) / 1000),
      external: external.host,
      advertised: external.advertised,
      bindings: bindings.udp.size + bindings.tcp.size,
      calls: calls.size,
      streams: calls.streams.size,
      limits,
      slots: { limit, used, most, waiting },
      counters,
      queue: queue.counts(),
      store: store() ?? null,
    };
  };
}
