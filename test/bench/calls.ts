/**
 * Measures what a whole call costs in the table, the gateway's part that follows it, and the store, without a packet
 * or a kernel: node dist/test/bench/calls.js [--json]
 *
 * A refused call is an INVITE with SDP, its 486 and the end of the time it lingers, at 4,000 a second of 1,000 phones.
 * A refresh is a re-INVITE, 200 and ACK with the same SDP as before. Bytes are those of the heap: allocated by all of
 * it, and held by one that rings and one that lingers.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { CallTraffic } from "./call-traffic.ts";
import { printAligned, printJson } from "./print-table.ts";

const CALLS_PER_SECOND = 4000;
const ROUNDS = 30;
const WARM_UP = 10;
/** Megabytes of the young generation, so that nothing is collected within a round. */
const YOUNG = 256;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const median = (numbers: readonly number[]): number =>
  numbers.toSorted((one, other) => one - other)[numbers.length >> 1] ?? Number.NaN;

function used(): number {
  return process.memoryUsage().heapUsed;
}

/** Nanoseconds and bytes allocated per item of `count`, the medians of some rounds. */
async function measure(count: number, round: () => void, rest: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  const bytes: number[] = [];
  for (let index = 0; index < ROUNDS + WARM_UP; index++) {
    await rest();
    collectGarbage();
    const before = used();
    const start = performance.now();
    round();
    const took = performance.now() - start;
    if (index < WARM_UP) continue;
    times.push((took * 1e6) / count);
    bytes.push((used() - before) / count);
  }
  return [median(times), median(bytes)];
}

async function measureRefused(): Promise<number[]> {
  const traffic = new CallTraffic();
  const texts = new Texts(traffic);
  const second = (): void => {
    for (const [index, text] of texts.taken) {
      traffic.refusedCall(index, text);
      traffic.pass(1000 / CALLS_PER_SECOND);
    }
  };
  const [time = 0, allocated = 0] = await measure(CALLS_PER_SECOND, second, () => {
    texts.take();
    return traffic.write();
  });
  const lingering = await held(traffic, texts, (index, text) => traffic.refusedCall(index, text));
  const ringing = await held(traffic, texts, (index, text) => traffic.invite(index, text));
  return [time, allocated, ringing, lingering];
}

/** Bytes that each of a second's calls holds; their texts are gone by then. */
async function held(
  traffic: CallTraffic,
  texts: Texts,
  begin: (index: number, text: string) => void,
): Promise<number> {
  traffic.pass(10_000);
  await traffic.write();
  texts.clear();
  collectGarbage();
  const before = used();
  texts.take();
  for (const [index, text] of texts.taken) begin(index, text);
  texts.clear();
  collectGarbage();
  return (used() - before) / CALLS_PER_SECOND;
}

async function measureRefresh(): Promise<number[]> {
  const traffic = new CallTraffic();
  const texts = new Texts(traffic);
  texts.take();
  for (const [index, text] of texts.taken) traffic.refreshed(index, text);
  let noted = 0;
  const all = (): void => {
    for (const [index, text] of texts.taken) traffic.refreshed(index, text);
    noted = traffic.waiting;
    traffic.pass(1000);
  };
  const [time = 0, allocated = 0] = await measure(CALLS_PER_SECOND, all, () => traffic.write());
  return [time, allocated, noted / CALLS_PER_SECOND];
}

/** The texts of a second's calls. */
class Texts {
  readonly #traffic: CallTraffic;
  #next = 0;
  taken: (readonly [index: number, text: string])[] = [];

  constructor(traffic: CallTraffic) {
    this.#traffic = traffic;
  }

  /** Takes those of other calls than before. */
  take(): void {
    const first = this.#next;
    this.#next += CALLS_PER_SECOND;
    this.taken = Array.from({ length: CALLS_PER_SECOND }, (_, index) => {
      return [first + index, this.#traffic.textOf(first + index)];
    });
  }

  clear(): void {
    this.taken = [];
  }
}

/** Runs this file again, so that no measurement has what another has left in memory; returns the figures. */
function apart(what: string): string[] {
  const young = [`--min-semi-space-size=${YOUNG}`, `--max-semi-space-size=${YOUNG}`];
  const self = [...young, fileURLToPath(import.meta.url), what];
  return execFileSync(process.execPath, self, { encoding: "utf8" }).trim().split(" ");
}

const round = (number: number): string => `${Math.round(number * 10) / 10}`;
const [argument] = process.argv.slice(2);
if (argument === "--refused") {
  process.stdout.write((await measureRefused()).map((number) => number.toFixed(0)).join(" "));
} else if (argument === "--refresh") {
  process.stdout.write((await measureRefresh()).map(round).join(" "));
} else {
  const { values: options } = parseArgs({ options: { json: { type: "boolean" } } });
  const print = options.json === true ? printJson : printAligned;
  print({
    name: "refused",
    title:
      "a call that is refused: nanoseconds, bytes allocated, bytes held while it rings and while it lingers",
    columns: ["time", "allocated", "rings", "lingers"],
    rows: [apart("--refused")],
  });
  print({
    name: "refresh",
    title:
      "a re-INVITE, 200 and ACK that change nothing: nanoseconds, bytes allocated, records to be written",
    columns: ["time", "allocated", "records"],
    rows: [apart("--refresh")],
  });
}
