/**
 * Measures the whole gateway in the lab, as root and on a quiet machine; docs/performance.md says how. The ends share
 * the processors with the gateway, so only the ratios of one run mean anything.
 *
 *	npm run bench				plain NAT, the kernel's helper, a C loop on NFQUEUE, and sipexpectd
 *	npm run bench -- overload		what sipexpectd does with twice of what it can carry
 *	npm run bench -- pauses			the longest pause of a steady stream
 *	npm run bench -- memory			what millions of packets leave in memory
 */
import { Command, InvalidArgumentError, Option } from "commander";
import { EXPECT_MAX, holdMachineSetting } from "../../lab/machine-setting.ts";
import { compare } from "./compare.ts";
import type { Comparison } from "./figures.ts";
import { HELPERS, type Helper } from "./helped-gateway.ts";
import { machine } from "./machine.ts";
import { memory } from "./memory.ts";
import { overload } from "./overload.ts";
import { pauses } from "./pauses.ts";
import { describe, type Row, ratiosOf } from "./row.ts";
import { watchStolen } from "./usage.ts";
import { WORKS, type Work } from "./work.ts";

/**
 * Entries of the kernel's expectation table for every helper: room for all that the kernel's helper keeps of 1,000 phones,
 * a registration and the media of two calls each. Other runs of the lab make it smaller.
 */
const EXPECTATIONS = 16_384;

interface Options {
  readonly work: string[];
  readonly json: boolean;
}

const names = WORKS.map(({ name }) => name);
const program = new Command("bench").description(
  "Measures what a gateway carries with and without sipexpectd.",
);

commandFor("compare", "each helper beside the others", names, { isDefault: true })
  .addOption(new Option("--helper <name...>", "helpers").choices(HELPERS).default([...HELPERS]))
  .option("--rounds <number>", "times each is measured, of which the median counts", whole, 5)
  .action(async ({ work, helper, rounds, json }: Options & { helper: Helper[]; rounds: number }) => {
    const rows: Row[] = [];
    const stolen = watchStolen();
    for (const one of chosen(work)) {
      say(`${one.title}:`);
      // Plain NAT goes first: what others add is measured beside it.
      const inOrder = HELPERS.filter((name) => helper.includes(name));
      const medians = await compare(one, inOrder, rounds, (row, index) =>
        say(`  ${index + 1}. ${describe(row)}`),
      );
      for (const row of medians) process.stdout.write(`${describe(row)}\n`);
      rows.push(...medians);
    }
    const ratios = Object.fromEntries(
      work.map((name) => [name, ratiosOf(rows.filter((row) => row.work === name))]),
    );
    const result: Comparison = {
      kind: "compare",
      machine: machine(),
      rounds,
      stolen: stolen(),
      rows,
      ratios,
    };
    process.stdout.write(json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(ratios, null, 2)}\n`);
  });

commandFor("overload", "twice of what sipexpectd can carry, then half of it", ["register", "invite"]).action(
  async ({ work, json }: Options) => {
    for (const one of chosen(work)) show(await overload(one), json);
  },
);

commandFor("pauses", "a steady stream at half of the maximum", ["office"])
  .option("--minutes <number>", "how long", whole, 10)
  .addOption(new Option("--helper <name>", "helper").choices(HELPERS).default("sipexpectd"))
  .option("--rate <number>", "packets a second, instead of half of the maximum", whole)
  .action(async (options: Options & { minutes: number; helper: Helper; rate?: number }) => {
    const { work, json, minutes, helper, rate } = options;
    for (const one of chosen(work)) show(await pauses(one, helper, 60 * minutes, rate), json);
  });

commandFor("memory", "what many packets leave in memory", ["office"])
  .option("--packets <number>", "how many", whole, 10_000_000)
  .action(async ({ work, json, packets }: Options & { packets: number }) => {
    for (const one of chosen(work)) show(await memory(one, packets), json);
  });

const restore = await holdMachineSetting(EXPECT_MAX, EXPECTATIONS, (holder) => {
  say(`waiting for process ${holder}, another lab run`);
});
try {
  await program.parseAsync();
} finally {
  restore();
}

function commandFor(name: string, description: string, works: string[], options = {}): Command {
  return program
    .command(name, options)
    .description(description)
    .addOption(new Option("--work <name...>", "kinds of traffic").choices(names).default(works))
    .option("--json", "end with one JSON object", false);
}

function chosen(work: readonly string[]): readonly Work[] {
  return WORKS.filter(({ name }) => work.includes(name));
}

function show(result: object, json: boolean): void {
  process.stdout.write(`${JSON.stringify(result, null, json ? 0 : 2)}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function whole(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new InvalidArgumentError("Give a whole number above 0.");
}
