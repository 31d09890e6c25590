import type { Helper } from "./helped-gateway.ts";

/** Microseconds from one end to the other: the median, 99 and 99.9 of a hundred. */
export interface Latency {
  readonly p50us: number;
  readonly p99us: number;
  readonly p999us: number;
}

/** What one helper did with one work; its own latency is that at 1,000 packets a second. */
export interface Row extends Latency {
  readonly work: string;
  readonly helper: Helper;
  /** Packets a second carried with less than 0.1 % loss. */
  readonly pps: number;
  /** The least and the most of the rounds. */
  readonly ppsRange: readonly [number, number];
  /** Processor seconds of the whole machine, both ends included, for 100,000 packets at `busyRate`. */
  readonly cpuPer100k: number;
  /** Packets a second: 20,000, or half of `pps` where that is too near to the limit. */
  readonly busyRate: number;
  readonly busy: Latency;
  /** At half of `pps`, and of plain NAT at the same rate; undefined where that is not measured beside it. */
  readonly half: Latency;
  readonly plainAtHalf?: Latency;
  /** Resident memory of the helper's processes. */
  readonly rssMB: number;
}

/** sipexpectd in parts of what another did, or beyond it. */
export type Ratios = Readonly<Record<string, number>>;

/** The rows of a work from several rounds as one: the median of each figure. */
export function median(rounds: readonly Row[]): Row {
  const [first] = rounds;
  if (first === undefined) throw new Error("Nothing was measured.");
  const middle = (pick: (row: Row) => number): number => {
    const sorted = rounds.map(pick).sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const latency = (pick: (row: Row) => Latency): Latency => ({
    p50us: middle((row) => pick(row).p50us),
    p99us: middle((row) => pick(row).p99us),
    p999us: middle((row) => pick(row).p999us),
  });
  const rates = rounds.map(({ pps }) => pps);
  return {
    work: first.work,
    helper: first.helper,
    pps: middle(({ pps }) => pps),
    ppsRange: [Math.min(...rates), Math.max(...rates)],
    cpuPer100k: middle(({ cpuPer100k }) => cpuPer100k),
    ...latency((row) => row),
    busyRate: middle(({ busyRate }) => busyRate),
    busy: latency(({ busy }) => busy),
    half: latency(({ half }) => half),
    ...(first.plainAtHalf && { plainAtHalf: latency(({ plainAtHalf, half }) => plainAtHalf ?? half) }),
    rssMB: middle(({ rssMB }) => rssMB),
  };
}

/**
 * What sipexpectd did with a work beside each other helper: packets a second and processor time in parts of theirs; and,
 * beside plain NAT, the microseconds that it adds to each latency.
 */
export function ratiosOf(rows: readonly Row[]): Ratios {
  const ours = rows.find(({ helper }) => helper === "sipexpectd");
  const plain = rows.find(({ helper }) => helper === "nat");
  if (ours === undefined) return {};
  const ratios: Record<string, number> = {};
  for (const other of rows) {
    if (other === ours) continue;
    ratios[`pps/${other.helper}`] = round(ours.pps / other.pps);
    ratios[`cpu/${other.helper}`] = round(ours.cpuPer100k / other.cpuPer100k);
    if (plain === undefined || other === plain) continue;
    // What the ends and plain NAT cost is none of the helpers' doing.
    ratios[`addedCpu/${other.helper}`] = round(
      (ours.cpuPer100k - plain.cpuPer100k) / (other.cpuPer100k - plain.cpuPer100k),
    );
  }
  if (plain !== undefined) {
    ratios.addedP50us = ours.p50us - plain.p50us;
    ratios.addedP99us = ours.p99us - plain.p99us;
    ratios.addedP999us = ours.p999us - plain.p999us;
    ratios.addedBusyP50us = ours.busy.p50us - plain.busy.p50us;
    ratios.addedBusyP99us = ours.busy.p99us - plain.busy.p99us;
    ratios.addedBusyP999us = ours.busy.p999us - plain.busy.p999us;
    const { half, plainAtHalf } = ours;
    if (plainAtHalf !== undefined) ratios.addedHalfP99us = half.p99us - plainAtHalf.p99us;
  }
  // Where nothing was carried, or nothing added, there is no ratio.
  return Object.fromEntries(Object.entries(ratios).filter(([, ratio]) => Number.isFinite(ratio)));
}

/** A row as one line for a person. */
export function describe(row: Row): string {
  const { work, helper, pps, cpuPer100k, busyRate, busy, half, rssMB } = row;
  const latency = ({ p50us, p99us, p999us }: Latency): string => `${p50us}/${p99us}/${p999us}`.padEnd(16);
  return [
    work.padEnd(9),
    helper.padEnd(11),
    `${thousands(pps)}/s`.padStart(9),
    `${cpuPer100k.toFixed(2)} s/100k`.padStart(13),
    `  us p50/p99/p99.9 at 1k/s ${latency(row)}`,
    `at ${thousands(busyRate)}/s ${latency(busy)}`,
    `at half ${latency(half)}`,
    rssMB === 0 ? "" : `${rssMB} MB`,
  ].join(" ");
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function thousands(rate: number): string {
  return `${(rate / 1000).toFixed(1)}k`;
}
