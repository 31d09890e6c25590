import { setTimeout as delay } from "node:timers/promises";
import type { CallResult } from "./call-result.ts";
import type { CallStep } from "./control.ts";
import type { Direction, Load } from "./load.ts";

/**
 * What calls a run is made of. plain: INVITE, 200, ACK, BYE. office: as many as an office sees of everything else
 * besides; each 20 calls are alike.
 */
export type Scenario = "plain" | "office";
export const SCENARIOS: readonly Scenario[] = ["plain", "office"];

/** The steps of the first calls of each 20 of an office; the others are plain. Both directions have each. */
const OFFICE: readonly (readonly CallStep[])[] = [
  ["busy"],
  ["busy", "early-media"],
  ["cancel"],
  ["cancel", "early-media"],
  ["hold"],
  ["hold"],
  ["refresh"],
  ["refresh"],
  ["early-media"],
  ["early-media"],
  ["challenge"],
  ["early-media", "hold"],
];

/** A run: registrations, then calls at an even rate. */
export interface Run {
  readonly phones: number;
  readonly calls: number;
  /** Calls begun per second. */
  readonly rate: number;
  /** Seconds each call lasts from its answer. */
  readonly hold: number;
  readonly direction: Direction | "both";
  readonly scenario: Scenario;
}

/** How far a run is. */
export interface RunProgress {
  registered: number;
  placed: number;
  /** Calls answered and not yet over. */
  up: number;
  /** The most that were up at once. */
  upPeak: number;
  over: number;
  failed: number;
}

/** A finished run. */
export interface RunResult {
  readonly registered: number;
  /** The most calls that were up at once. */
  readonly upPeak: number;
  readonly calls: readonly CallResult[];
  /** Why registrations failed, each reason with its number. */
  readonly registrationFailures: ReadonlyMap<string, number>;
  /** Seconds from the first REGISTER to the last report. */
  readonly seconds: number;
}

/** Registers all phones, places the calls, in turn outbound and inbound if both are wanted, and awaits their end. */
export async function runLoad(load: Load, run: Run, progress: RunProgress): Promise<RunResult> {
  const start = performance.now();
  const registrations = [...(await load.register()).values()];
  progress.registered = registrations.filter((result) => result === "200").length;

  const calls: Array<Promise<CallResult>> = [];
  const first = performance.now();
  for (let n = 0; n < run.calls; n++) {
    const due = first + (n * 1000) / run.rate;
    if (due > performance.now()) await delay(due - performance.now());
    calls.push(placeNth(load, run, n, progress));
  }
  return {
    registered: progress.registered,
    calls: await Promise.all(calls),
    upPeak: progress.upPeak,
    registrationFailures: tally(registrations.filter((result) => result !== "200")),
    seconds: (performance.now() - start) / 1000,
  };
}

/** Counts equal words, the most frequent first. */
export function tally(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].sort(([, a], [, b]) => b - a));
}

async function placeNth(load: Load, run: Run, n: number, progress: RunProgress): Promise<CallResult> {
  progress.placed++;
  const alternating = n % 2 === 0 ? "outbound" : "inbound";
  let answered = false;
  const result = await load.place({
    direction: run.direction === "both" ? alternating : run.direction,
    phone: n % run.phones,
    hold: run.hold * 1000,
    steps: run.scenario === "office" ? (OFFICE[n % 20] ?? []) : [],
    // Every pair of calls, one of each direction, is hung up by the other side than the pair before.
    hangUp: n % 4 < 2 ? "caller" : "callee",
    onAnswered: () => {
      answered = true;
      progress.up++;
      progress.upPeak = Math.max(progress.upPeak, progress.up);
    },
  });
  if (answered) progress.up--;
  progress.over++;
  if (result.failure) progress.failed++;
  return result;
}
