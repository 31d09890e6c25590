import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sum, type Tally, tallyOf, tallyVitest } from "./tally.ts";

/*
 * What `npm test` runs once the tree is set up: lint, types, unit tests, lab tests, and, where OTHER_NODE names
 * another Node binary, the unit tests on that one too. Everything runs, whatever fails before it. The last line
 * of standard output is "N passed, N failed"; lint and types count as one check each.
 */

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "sipexpectd-test-"));

/** Runs a script of node_modules with the given Node, its output on ours; true when it exits with status 0. */
function runScript(node: string, script: string, args: readonly string[]): boolean {
  const path = join(root, "node_modules", script);
  const { status, error } = spawnSync(node, [path, ...args], { cwd: root, stdio: "inherit" });
  if (error !== undefined) console.error(`${node} cannot be run: ${error.message}`);
  return status === 0;
}

function check(title: string, script: string, args: readonly string[]): Tally {
  console.log(`\n== ${title}`);
  return tallyOf(runScript(process.execPath, script, args));
}

function tests(title: string, node: string, project: string): Tally {
  console.log(`\n== ${title}`);
  const report = join(folder, `${title.replaceAll(/\W+/g, "-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const args = ["run", "--config", "test/vitest.config.ts", "--project", project, ...reporters];
  const exitedWell = runScript(node, "vitest/vitest.mjs", args);
  return tallyVitest(existsSync(report) ? readFileSync(report, "utf8") : undefined, exitedWell);
}

try {
  const otherNode = process.env.OTHER_NODE;
  const tallies = [
    check("lint", "@biomejs/biome/bin/biome", ["ci", "."]),
    check("types", "typescript/bin/tsc", ["--noEmit"]),
    tests("unit tests", process.execPath, "unit"),
    ...(otherNode === undefined ? [] : [tests(`unit tests on ${otherNode}`, otherNode, "unit")]),
    tests("lab tests", process.execPath, "lab"),
    tests("lab tests that need the machine to themselves", process.execPath, "alone"),
    tests("lab tests that wait", process.execPath, "clock"),
  ];
  const { passed, failed, skipped } = sum(tallies);
  console.log(skipped === 0 ? "" : `\n${skipped} skipped, each with its reason above\n`);
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
