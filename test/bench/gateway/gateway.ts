/**
 * Measures the whole gateway in the lab: what plain NAT carries, what it carries with the kernel's helper, with a C
 * loop that accepts every packet with its own payload, and with sipexpectd. Run as root, on a quiet machine:
 *
 *	npm run bench -- [--work NAME ...] [--helper NAME ...] [--rounds N] [--json]
 *
 * The ends share the processors with the gateway, so only the ratios of one run mean anything.
 */
import { Command, Option } from "commander";
import { type Burst, Gateway, HELPERS, type Helper } from "./carried.ts";
import { WORKS, type Work } from "./work.ts";

/** Of a thousand packets so many may be lost for a rate to count as carried. */
const LOSS = 0.001;
const [LOWEST, HIGHEST] = [2000, 256_000];
/** The search ends when it knows the rate this well. */
const PRECISION = 0.05;
/** Packets a second at which latency and processor time are measured. */
const [CALM, BUSY] = [1000, 20_000];

interface Row {
  readonly work: string;
  readonly helper: Helper;
  /** Packets a second carried with less than 0.1 % loss. */
  readonly pps: number;
  /** Processor seconds of the whole machine, the ends included, for 100,000 packets at `BUSY` or half of `pps`. */
  readonly cpuPer100k: number;
  /** Microseconds at `CALM`. */
  readonly p50us: number;
  readonly p99us: number;
  readonly p999us: number;
  /** Microseconds at `BUSY` or half of `pps`. */
  readonly busyP50us: number;
  readonly busyP99us: number;
  readonly rssMB: number;
}

const program = new Command("bench")
  .addOption(new Option("--work <name...>", "kinds of traffic").choices(WORKS.map(({ name }) => name)))
  .addOption(new Option("--helper <name...>", "helpers").choices(HELPERS).default([...HELPERS]))
  .option("--rounds <number>", "times each is measured, of which the median counts", Number, 5)
  .option("--json", "end with one JSON object", false)
  .parse();
const options = program.opts<{ work?: string[]; helper: Helper[]; rounds: number; json: boolean }>();

const rows: Row[] = [];
for (const work of WORKS.filter(({ name }) => options.work?.includes(name) ?? true)) {
  const measured = new Map<Helper, Row[]>(options.helper.map((helper) => [helper, []]));
  // Alternating, so that a slow spell of the machine falls on all of them.
  for (let round = 0; round < options.rounds; round++) {
    for (const [helper, results] of measured) results.push(await measure(work, helper));
  }
  for (const results of measured.values()) {
    const row = median(results);
    rows.push(row);
    process.stdout.write(`${describe(row)}\n`);
  }
}
const ratios = Object.fromEntries(
  [...new Set(rows.map(({ work }) => work))].map((work) => [
    work,
    ratiosOf(rows.filter((row) => row.work === work)),
  ]),
);
process.stdout.write(
  options.json ? `${JSON.stringify({ rows, ratios })}\n` : `${JSON.stringify(ratios, null, 2)}\n`,
);

async function measure(work: Work, helper: Helper): Promise<Row> {
  const gateway = await Gateway.open(helper);
  try {
    const pps = await highestCarried(gateway, work);
    const busyRate = Math.min(BUSY, pps / 2);
    const calm = await gateway.burst(work, CALM);
    const busy = await gateway.burst(work, busyRate);
    return {
      work: work.name,
      helper,
      pps: Math.round(pps),
      cpuPer100k: round((busy.cpu / Math.max(busy.received, 1)) * 100_000),
      p50us: calm.p50,
      p99us: calm.p99,
      p999us: calm.p999,
      busyP50us: busy.p50,
      busyP99us: busy.p99,
      rssMB: gateway.memory,
    };
  } finally {
    gateway.close();
  }
}

/** Doubles the rate until packets are lost, then halves the interval. */
async function highestCarried(gateway: Gateway, work: Work): Promise<number> {
  const carried = async (rate: number): Promise<number | undefined> => {
    const burst = await gateway.burst(work, rate);
    // A sender that is not given the time to send at this rate has offered less.
    return lossOf(burst) < LOSS ? burst.sent : undefined;
  };
  let [low, high] = [0, HIGHEST];
  for (let rate = LOWEST; rate <= HIGHEST; rate *= 2) {
    const sent = await carried(rate);
    if (sent === undefined) {
      high = rate;
      break;
    }
    low = Math.max(low, sent);
    if (sent < rate * (1 - PRECISION)) return low;
  }
  while (high - low > high * PRECISION) {
    const middle = (low + high) / 2;
    const sent = await carried(middle);
    if (sent === undefined) high = middle;
    else if (sent < middle * (1 - PRECISION)) return Math.max(low, sent);
    else low = middle;
  }
  return low;
}

function lossOf({ sent, received }: Burst): number {
  return 1 - received / Math.max(sent, 1);
}

/** The row of the median rate, with the medians of the rest. */
function median(results: readonly Row[]): Row {
  const middle = (pick: (row: Row) => number): number => {
    const sorted = results.map(pick).sort((one, other) => one - other);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const [first] = results;
  if (first === undefined) throw new Error("Nothing was measured.");
  return {
    work: first.work,
    helper: first.helper,
    pps: middle(({ pps }) => pps),
    cpuPer100k: middle(({ cpuPer100k }) => cpuPer100k),
    p50us: middle(({ p50us }) => p50us),
    p99us: middle(({ p99us }) => p99us),
    p999us: middle(({ p999us }) => p999us),
    busyP50us: middle(({ busyP50us }) => busyP50us),
    busyP99us: middle(({ busyP99us }) => busyP99us),
    rssMB: middle(({ rssMB }) => rssMB),
  };
}

/** What sipexpectd carries, and what a packet costs it, in parts of what the others do. */
function ratiosOf(of: readonly Row[]): Record<string, number> {
  const ours = of.find(({ helper }) => helper === "sipexpectd");
  const ratios: Record<string, number> = {};
  for (const other of of) {
    if (ours === undefined || other === ours) continue;
    ratios[`pps/${other.helper}`] = round(ours.pps / other.pps);
    ratios[`cpu/${other.helper}`] = round(ours.cpuPer100k / other.cpuPer100k);
  }
  return ratios;
}

function describe(row: Row): string {
  const { work, helper, pps, cpuPer100k, p50us, p99us, busyP50us, busyP99us, rssMB } = row;
  const rate = `${(pps / 1000).toFixed(1)} k/s`.padStart(10);
  const cpu = `${cpuPer100k.toFixed(2)} s/100k`.padStart(13);
  const latency = `calm ${p50us}/${p99us} us`.padEnd(20) + `busy ${busyP50us}/${busyP99us} us`.padEnd(22);
  return `${work.padEnd(18)} ${helper.padEnd(11)} ${rate} ${cpu}  ${latency} ${rssMB || "-"} MB`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
