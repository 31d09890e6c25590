/**
 * Writes the figures of benchmarks into docs/performance.md and docs/scale.md, and the plot:
 *
 *	node dist/test/bench/gateway/page.js FILE...
 *
 * Each FILE is what one or several benchmarks printed with --json; the lines that are no JSON are passed over. Of a work
 * that was compared twice the later figures count. Blocks of the pages that no line has figures for stay as they are.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../lab/package-root.ts";
import { capacityTable } from "./capacity.ts";
import {
  type Comparison,
  type Figures,
  memoryTable,
  overloadTable,
  pausesTable,
  plainTable,
  ratiosTable,
  rowsTable,
  takenOn,
  together,
} from "./figures.ts";
import { fillBlock, hasBlock } from "./fill-block.ts";
import { plot } from "./plot.ts";

const PAGES = ["performance.md", "scale.md"];

const figures = process.argv.slice(2).flatMap(readFigures);
if (figures.length === 0) throw new Error("Name files with the --json output of benchmarks: page.js FILE...");
const docs = join(packageRoot(), "docs");
const blocks = blocksOf(figures);
for (const name of PAGES) {
  const path = join(docs, name);
  let page = readFileSync(path, "utf8");
  for (const [block, text] of blocks) if (hasBlock(page, block)) page = fillBlock(page, block, text);
  writeFileSync(path, page);
}
const comparison = together(comparisonsIn(figures));
if (comparison !== undefined) writeFileSync(join(docs, "performance.svg"), plot(comparison.rows));

function readFigures(path: string): Figures[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line.startsWith('{"kind":')).map((line) => JSON.parse(line) as Figures);
}

/** The text of each block there are figures for. */
function blocksOf(all: readonly Figures[]): Map<string, string> {
  const texts = new Map<string, string>();
  const comparison = together(comparisonsIn(all));
  if (comparison !== undefined) {
    texts.set("machine", takenOn(comparison));
    texts.set("plot", "![Packets a second that each helper carries](performance.svg)");
    texts.set("rows", rowsTable(comparison));
    texts.set("ratios", ratiosTable(comparison));
    texts.set("capacity", capacityTable(comparison));
  }
  const overloads = all.filter((one) => one.kind === "overload");
  if (overloads.length > 0) texts.set("overload", overloadTable(overloads));
  const pauses = all.filter((one) => one.kind === "pauses");
  if (pauses.length > 0) texts.set("pauses", pausesTable(pauses));
  const memories = all.filter((one) => one.kind === "memory");
  if (memories.length > 0) texts.set("memory", memoryTable(memories));
  for (const one of all) if (one.kind === "table") texts.set(one.name, plainTable(one));
  return texts;
}

function comparisonsIn(all: readonly Figures[]): Comparison[] {
  return all.filter((one) => one.kind === "compare");
}
