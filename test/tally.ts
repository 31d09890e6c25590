/** Tally is how many checks passed, failed and were skipped. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What we read of the file that vitest's JSON reporter writes. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** One check that is not a test, such as the linter. */
export function tallyOf(passed: boolean): Tally {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** The sum of several tallies. */
export function sum(tallies: readonly Tally[]): Tally {
  const add = (count: (tally: Tally) => number) => tallies.reduce((total, tally) => total + count(tally), 0);
  return {
    passed: add((tally) => tally.passed),
    failed: add((tally) => tally.failed),
    skipped: add((tally) => tally.skipped),
  };
}

/**
 * Counts a vitest run so that no way of failing is lost: a file that could not be loaded counts as one failure,
 * and so does a run that failed otherwise (an error outside every test, a crash before the report).
 *
 * @param report text of the JSON reporter's file; undefined when there is none
 * @param exitedWell true when vitest's exit status was 0
 */
export function tallyVitest(report: string | undefined, exitedWell: boolean): Tally {
  if (report === undefined) return tallyOf(false);
  const read = JSON.parse(report) as VitestReport;
  const brokenFiles = read.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some(({ status }) => status === "failed"),
  );
  const failed = read.numFailedTests + brokenFiles.length;
  const ranNothing = read.numPassedTests + failed === 0;
  return {
    passed: read.numPassedTests,
    failed: failed === 0 && (ranNothing || !exitedWell) ? 1 : failed,
    skipped: read.numPendingTests + read.numTodoTests,
  };
}
