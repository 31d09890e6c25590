import type { FigureTable } from "../print-table.ts";
import { markdownTable } from "./fill-block.ts";
import type { Machine } from "./machine.ts";
import type { Memory } from "./memory.ts";
import type { Overload } from "./overload.ts";
import type { Pauses } from "./pauses.ts";
import { HELPER_TITLES } from "./plot.ts";
import type { Latency, Ratios, Row } from "./row.ts";
import { WORKS } from "./work.ts";

/** What `npm run bench -- --json` ends with. */
export interface Comparison {
  readonly kind: "compare";
  readonly machine: Machine;
  readonly rounds: number;
  /** Percent of the processors' time that the host of a virtual machine took meanwhile. */
  readonly stolen: number;
  readonly rows: readonly Row[];
  readonly ratios: Readonly<Record<string, Ratios>>;
}

/** A line of figures of any of the benchmarks. */
export type Figures = Comparison | Overload | Pauses | Memory | ({ readonly kind: "table" } & FigureTable);

/** Packets a second that a work is to reach, in parts of the kernel's helper's and of the C loop's. */
const TARGETS: Readonly<Record<string, { readonly kernel: number; readonly loop?: number }>> = {
  register: { kernel: 2, loop: 0.6 },
  options: { kernel: 2, loop: 0.6 },
  reinvite: { kernel: 2, loop: 0.6 },
  invite: { kernel: 1.2 },
};
const MOST_ADDED_US = 150;
const MOST_P99_US = 1000;
const MOST_PAUSE_US = 10_000;
const LEAST_SHARE = 0.8;
const MOST_RECOVERY_MS = 1000;

const number = new Intl.NumberFormat("en-US");

/** Comparisons of several works as one, in the order of the works; undefined where there is none. */
export function together(comparisons: readonly Comparison[]): Comparison | undefined {
  const last = comparisons.at(-1);
  if (last === undefined) return undefined;
  const rows = WORKS.flatMap(({ name }) => {
    const latest = comparisons.findLast((one) => one.rows.some(({ work }) => work === name));
    return latest?.rows.filter(({ work }) => work === name) ?? [];
  });
  const ratios = Object.assign({}, ...comparisons.map((one) => one.ratios)) as Comparison["ratios"];
  const rounds = Math.min(...comparisons.map((one) => one.rounds));
  const stolen = Math.max(...comparisons.map((one) => one.stolen));
  return { ...last, rounds, stolen, rows, ratios };
}

/** Where and when the figures were taken. */
export function takenOn({ machine, rounds, stolen }: Comparison): string {
  const { date, processors, kernel, node } = machine;
  return `Taken on ${date}: ${processors}, Linux ${kernel}, Node ${node}; medians of ${rounds}. The host of this machine took ${stolen.toFixed(1)} % of the processors' time for others meanwhile.`;
}

/** A row for each work and helper. */
export function rowsTable({ rows }: Comparison): string {
  const latency = ({ p50us, p99us, p999us }: Latency): string => `${p50us} / ${p99us} / ${p999us}`;
  const at20k = (row: Row): string =>
    row.busyRate === 20_000 ? latency(row.busy) : `${latency(row.busy)} at ${number.format(row.busyRate)}/s`;
  return markdownTable(
    ["work", "helper", "packets/s", "least - most", "CPU s", "at 1,000/s", "at 20,000/s", "at half", "MB"],
    rows.map((row) => [
      titleOf(row.work),
      HELPER_TITLES[row.helper],
      number.format(row.pps),
      row.ppsRange.map((rate) => number.format(Math.round(rate))).join(" - "),
      row.cpuPer100k.toFixed(2),
      latency(row),
      at20k(row),
      latency(row.half),
      row.rssMB === 0 ? "" : `${row.rssMB}`,
    ]),
  );
}

/** sipexpectd beside the others, and what was aimed at. */
export function ratiosTable({ ratios }: Comparison): string {
  const columns = [
    "work",
    "packets/s, of the kernel helper's",
    "of the C loop's",
    "CPU, of the kernel helper's",
  ];
  const added = ["added p50 at 1,000/s, µs", "added p99 at half, µs"];
  return markdownTable(
    [...columns, ...added],
    Object.entries(ratios).map(([work, ratio]) => {
      const target = TARGETS[work];
      return [
        titleOf(work),
        atLeast(ratio["pps/kernel"], target?.kernel),
        atLeast(ratio["pps/loop"], target?.loop),
        atMost(ratio["cpu/kernel"], 1),
        atMost(ratio.addedP50us, MOST_ADDED_US),
        atMost(ratio.addedHalfP99us, MOST_P99_US),
      ];
    }),
  );
}

/** What twice the maximum did. */
export function overloadTable(results: readonly Overload[]): string {
  return markdownTable(
    [
      ...["work", "maximum", "offered", "arrived, of the maximum", "MB at its beginning, at most"],
      ...["recovery, ms", "lost", "counted by the queue"],
    ],
    results.map(({ work, max, offered, arrived, rssMB, recoveryMs, lost, queueDropped }) => [
      titleOf(work),
      `${number.format(max)}/s`,
      `${number.format(offered)}/s`,
      atLeast(Math.round((100 * arrived) / max) / 100, LEAST_SHARE),
      rssMB.join(", "),
      recoveryMs < 0 ? "**none**" : atMost(recoveryMs, MOST_RECOVERY_MS),
      number.format(lost),
      number.format(queueDropped),
    ]),
  );
}

/** How steady streams fared. */
export function pausesTable(results: readonly Pauses[]): string {
  return markdownTable(
    [
      "work",
      "helper",
      "packets/s",
      "minutes",
      "lost",
      "p50 / p99 / p99.9, µs",
      "longest, µs",
      "collections, longest",
    ],
    results.map(({ work, helper, rate, seconds, lost, p50us, p99us, p999us, longestUs, collections }) => [
      titleOf(work),
      HELPER_TITLES[helper],
      number.format(rate),
      `${seconds / 60}`,
      number.format(lost),
      `${p50us} / ${p99us} / ${p999us}`,
      helper === "sipexpectd" ? atMost(longestUs, MOST_PAUSE_US) : number.format(longestUs),
      collections === undefined
        ? ""
        : `${number.format(collections.count)}, ${collections.longestMs.toFixed(1)} ms`,
    ]),
  );
}

/** What millions of packets left in memory. */
export function memoryTable(results: readonly Memory[]): string {
  return markdownTable(
    ["work", "packets", "packets/s", "lost", "MB in the second tenth", "MB in the last tenth", "MB at most"],
    results.map(({ work, packets, rate, lost, rssMB }) => [
      titleOf(work),
      number.format(packets),
      number.format(rate),
      number.format(lost),
      `${rssMB.early}`,
      `${rssMB.late}`,
      `${rssMB.most}`,
    ]),
  );
}

/** Figures of a table as they are. */
export function plainTable({ columns, rows }: FigureTable): string {
  return markdownTable(
    columns,
    rows.map((row) => row.map((cell) => number.format(Number(cell)))),
  );
}

function titleOf(work: string): string {
  return WORKS.find(({ name }) => name === work)?.title ?? work;
}

function atLeast(value: number | undefined, target: number | undefined): string {
  return judged(value, target, "at least", (one, other) => one >= other);
}

function atMost(value: number | undefined, target: number): string {
  return judged(value, target, "at most", (one, other) => one <= other);
}

/** A figure that missed its target is in bold. */
function judged(
  value: number | undefined,
  target: number | undefined,
  words: string,
  isMet: (value: number, target: number) => boolean,
): string {
  if (value === undefined) return "";
  const figure = number.format(value);
  if (target === undefined) return figure;
  return `${isMet(value, target) ? figure : `**${figure}**`} (${words} ${number.format(target)})`;
}
