/** Milliseconds by which the end of what is stored may be later than the store says. */
const STEP = 10_000;

/** True when two times, in milliseconds, are not of the same step: only then is the later one worth writing down. */
export function isOtherStep(before: number, after: number): boolean {
  return Math.floor(before / STEP) !== Math.floor(after / STEP);
}
