import { HelpedGateway, type Helper, type Run } from "./helped-gateway.ts";
import { type Latency, median, type Row, round } from "./row.ts";
import { highestCarried } from "./search.ts";
import type { Work } from "./work.ts";

/** Packets a second at which latency is measured, and seconds of each measurement. */
const [CALM, BUSY] = [1000, 20_000];
const SECONDS = 1.5;
/** A rate that is nearer to the limit than this is none to measure latency or processor time at. */
const ROOM = 1.25;

/**
 * Measures one work with each helper in turn, round after round: so a slow spell of the machine falls on all of them.
 *
 * @param measured called after each measurement
 * @returns the medians, a row for each helper
 */
export async function compare(
  work: Work,
  helpers: readonly Helper[],
  rounds: number,
  measured: (row: Row, round: number) => void,
): Promise<Row[]> {
  const gateways: HelpedGateway[] = [];
  const results = new Map<Helper, Row[]>(helpers.map((helper) => [helper, []]));
  try {
    for (const helper of helpers) gateways.push(await HelpedGateway.open(helper));
    const plain = gateways.find(({ helper }) => helper === "nat");
    for (let index = 0; index < rounds; index++) {
      for (const gateway of gateways) {
        const earlier = results.get(gateway.helper) ?? [];
        const row = await measure(gateway, work, earlier.at(-1)?.pps, plain);
        earlier.push(row);
        measured(row, index);
      }
    }
  } finally {
    for (const gateway of gateways) gateway.close();
  }
  return [...results.values()].map(median);
}

/**
 * @param near packets a second of the round before
 * @param plain the gateway with nothing but NAT, which has had this work before
 */
async function measure(
  gateway: HelpedGateway,
  work: Work,
  near: number | undefined,
  plain: HelpedGateway | undefined,
): Promise<Row> {
  await gateway.take(work);
  const pps = await highestCarried(gateway, near);
  const busyRate = pps >= BUSY * ROOM ? BUSY : pps / 2;
  const calm = await gateway.run([CALM, SECONDS]);
  const busy = await gateway.run([busyRate, SECONDS]);
  const half = await gateway.run([pps / 2, SECONDS]);
  // The machine's own slow moments are no helper's.
  const plainAtHalf = gateway === plain ? undefined : await plain?.run([pps / 2, SECONDS]);
  return {
    work: work.name,
    helper: gateway.helper,
    pps: Math.round(pps),
    ppsRange: [pps, pps],
    cpuPer100k: round((busy.cpu / Math.max(busy.received, 1)) * 100_000),
    ...latencyOf(calm),
    busyRate: Math.round(busyRate),
    busy: latencyOf(busy),
    half: latencyOf(half),
    ...(plainAtHalf && { plainAtHalf: latencyOf(plainAtHalf) }),
    rssMB: Math.round(gateway.memory),
  };
}

function latencyOf({ p50, p99, p999 }: Run): Latency {
  return { p50us: p50, p99us: p99, p999us: p999 };
}
