import { expect, it } from "vitest";
import { type Comparison, ratiosTable, together } from "./figures.ts";
import { fillBlock } from "./fill-block.ts";
import type { Helper } from "./helped-gateway.ts";
import { plot } from "./plot.ts";
import { median, type Row, ratiosOf } from "./row.ts";

function row(helper: Helper, pps: number, cpuPer100k: number, p50us: number): Row {
  const latency = { p50us, p99us: 2 * p50us, p999us: 3 * p50us };
  const rest = { busyRate: 20_000, busy: latency, half: latency, rssMB: 0 };
  const plainAtHalf = { p50us: 10, p99us: 15, p999us: 20 };
  return {
    work: "register",
    helper,
    pps,
    ppsRange: [pps, pps],
    cpuPer100k,
    ...latency,
    ...rest,
    plainAtHalf,
  };
}

const rows = [
  row("nat", 150_000, 2, 20),
  row("kernel", 40_000, 4, 50),
  row("loop", 120_000, 3, 60),
  row("sipexpectd", 60_000, 3, 120),
];

it("compares sipexpectd with each other helper, and its latency and processor time beyond plain NAT's", () => {
  expect(ratiosOf(rows)).toMatchObject({
    "pps/kernel": 1.5,
    "pps/loop": 0.5,
    "cpu/kernel": 0.75,
    "addedCpu/kernel": 0.5,
    addedP50us: 100,
    addedBusyP999us: 300,
    addedHalfP99us: 225,
  });
});

it("leaves out the ratio to a helper that carried nothing", () => {
  const none = [row("kernel", 0, 4, 50), row("sipexpectd", 60_000, 3, 120)];
  expect(ratiosOf(none)).toEqual({ "cpu/kernel": 0.75 });
});

it("takes the median of each figure, and the range of the rates", () => {
  const rounds = [row("kernel", 30, 9, 5), row("kernel", 50, 1, 4), row("kernel", 40, 2, 9)];
  expect(median(rounds)).toMatchObject({ pps: 40, ppsRange: [30, 50], cpuPer100k: 2, p50us: 5 });
});

it("sets a figure that missed its target in bold", () => {
  const machine = { date: "2026-01-01", processors: "2 x any", kernel: "6.18", node: "v20" };
  const ratios = { register: ratiosOf(rows) };
  const comparison: Comparison = { kind: "compare", machine, rounds: 1, stolen: 0, rows, ratios };
  expect(ratiosTable(comparison)).toContain(
    "| REGISTER refresh | **1.5** (at least 2) | **0.5** (at least 0.6) | 0.75 (at most 1) | 100 (at most 150) | 225",
  );
});

it("puts comparisons of several works together, the later figures of each", () => {
  const machine = { date: "2026-01-01", processors: "2 x any", kernel: "6.18", node: "v20" };
  const of = (work: string, pps: number, rounds: number): Comparison => {
    const one = { ...row("sipexpectd", pps, 1, 1), work };
    return {
      kind: "compare",
      machine,
      rounds,
      stolen: 5 - rounds,
      rows: [one],
      ratios: { [work]: { "pps/kernel": pps } },
    };
  };
  const all = together([of("office", 1, 5), of("register", 2, 5), of("office", 3, 4)]);
  expect(all?.rows.map(({ work, pps }) => [work, pps])).toEqual([
    ["register", 2],
    ["office", 3],
  ]);
  expect(all).toMatchObject({
    rounds: 4,
    stolen: 1,
    ratios: { office: { "pps/kernel": 3 }, register: { "pps/kernel": 2 } },
  });
  expect(together([])).toBeUndefined();
});

it("fills one block of a page and leaves the rest, however often", () => {
  const page = "a\n<!-- figures: x -->\n\nold\n\n<!-- end -->\nb\n<!-- figures: y -->\n<!-- end -->\n";
  const filled = "a\n<!-- figures: x -->\n\nnew\n\n<!-- end -->\nb\n<!-- figures: y -->\n<!-- end -->\n";
  expect(fillBlock(page, "x", "new")).toBe(filled);
  expect(fillBlock(filled, "x", "new")).toBe(filled);
  expect(() => fillBlock(page, "z", "new")).toThrow('no block "<!-- figures: z -->"');
});

it("plots a bar as long as its rate", () => {
  const widths = [...plot(rows).matchAll(/<rect x="150" y="\d+" width="([\d.]+)"/g)].map(([, width]) =>
    Number(width),
  );
  const bars = widths.filter((width) => width !== 12);
  expect(bars.map((width) => Math.round((width / (bars[0] ?? 0)) * 150))).toEqual([150, 40, 120, 60]);
});
