import { expect, test } from "vitest";
import { sum, tallyOf, tallyVitest } from "./tally.ts";

const PASSED = { status: "passed", assertionResults: [{ status: "passed" }] };
const FAILED = { status: "failed", assertionResults: [{ status: "passed" }, { status: "failed" }] };
const BROKEN = { status: "failed", assertionResults: [] };

function report(passed: number, failed: number, testResults: readonly unknown[], pending = 0): string {
  const counts = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTodoTests: 0,
  };
  return JSON.stringify({ ...counts, testResults });
}

test("tests are counted as vitest counts them", () => {
  expect(tallyVitest(report(2, 1, [PASSED, FAILED], 3), false)).toEqual({ passed: 2, failed: 1, skipped: 3 });
});

test("a file that cannot be loaded is a failure", () => {
  expect(tallyVitest(report(1, 0, [PASSED, BROKEN]), false)).toMatchObject({ passed: 1, failed: 1 });
});

test("a file with a failed test is not counted once more", () => {
  expect(tallyVitest(report(1, 1, [FAILED]), false)).toMatchObject({ failed: 1 });
});

test("an error outside every test is a failure", () => {
  expect(tallyVitest(report(1, 0, [PASSED]), false)).toMatchObject({ passed: 1, failed: 1 });
});

test("a run without a report is a failure", () => {
  expect(tallyVitest(undefined, false)).toMatchObject({ passed: 0, failed: 1 });
});

test("a run without tests is a failure", () => {
  expect(tallyVitest(report(0, 0, []), true)).toMatchObject({ passed: 0, failed: 1 });
});

test("tallies add up", () => {
  const tallies = [tallyOf(true), tallyOf(false), { passed: 5, failed: 0, skipped: 2 }];
  expect(sum(tallies)).toEqual({ passed: 6, failed: 1, skipped: 2 });
});
