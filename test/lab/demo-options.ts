import { Command, InvalidArgumentError, Option } from "commander";
import { HELPER_KINDS, type HelperKind } from "./conntrack-helper.ts";
import { ENOUGH_RTP } from "./load/call-result.ts";
import type { Direction } from "./load/load.ts";
import { SCENARIOS, type Scenario } from "./load/run.ts";

/** What the demo is asked to show. */
export interface DemoOptions {
  /** 1 with --trunk. */
  readonly phones: number;
  readonly calls: number;
  /** Calls begun per second. */
  readonly rate: number;
  /** Seconds each call lasts. */
  readonly hold: number;
  /** Size of the kernel's expectation table, nf_conntrack_expect_max, during the run. */
  readonly expectMax: number;
  readonly helper: HelperKind;
  readonly direction: Direction | "both";
  readonly scenario: Scenario;
  /** Milliseconds a callee rings before it answers. */
  readonly ringTime: number;
  /** Milliseconds between two RTP packets of one end. */
  readonly rtpInterval: number;
  /** False: no NAT in the lab, to test the load generator itself. */
  readonly nat: boolean;
  /** True: after the calls, waits until nothing of them is left on the gateway, and reports what is. */
  readonly drain: boolean;
  /** True: a JSON object as the last line on standard output, and no table. */
  readonly json: boolean;
}

/** Reads the demo's command line; ends the process with one clear line when a flag is wrong. */
export function parseDemoOptions(argv: readonly string[]): DemoOptions {
  const program = new Command("demo")
    .description(
      "Carries SIP calls through a NAT gateway made of network namespaces, and counts what arrives.",
    )
    .option("--phones <number>", "phones behind the gateway", whole(1, 3000), 40)
    .option("--calls <number>", "calls in all", whole(1, 100_000), 80)
    .option("--rate <number>", "calls begun per second", whole(1, 1000), 20)
    .option("--hold <seconds>", "how long each call lasts", whole(1, 3600), 8)
    .option("--expect-max <number>", "nf_conntrack_expect_max during the run", whole(1, 1_000_000), 256)
    .addOption(
      new Option("--helper <name>", "what helps SIP through the NAT")
        .choices(HELPER_KINDS)
        .default("sipexpectd"),
    )
    .addOption(
      new Option("--direction <name>", "who calls").choices(["outbound", "inbound", "both"]).default("both"),
    )
    .addOption(
      new Option("--scenario <name>", "plain calls, or also failed, cancelled, held, challenged ones")
        .choices(SCENARIOS)
        .default("plain"),
    )
    .option("--trunk", "one PBX instead of phones: all calls over one signalling flow, as --phones 1")
    .option("--ring-time <milliseconds>", "how long a callee rings", whole(0, 20_000), 300)
    .option("--rtp-interval <milliseconds>", "time between two RTP packets of one end", tens, 100)
    .option("--no-nat", "route instead of NAT, with --helper none: checks the load generator itself")
    .option("--drain", "wait until nothing of the calls is left on the gateway, and report what is", false)
    .option("--json", "end with one JSON object instead of a table", false)
    .allowExcessArguments(false)
    .parse(argv);
  const { trunk, ...given } = program.opts<DemoOptions & { readonly trunk?: true }>();
  const options: DemoOptions = { ...given, phones: trunk ? 1 : given.phones };
  const packets = (options.hold * 1000) / options.rtpInterval;
  if (packets < ENOUGH_RTP * 1.25) {
    program.error(
      `error: --hold ${options.hold} with --rtp-interval ${options.rtpInterval} sends ${packets} RTP packets per call, ` +
        `and a call needs ${ENOUGH_RTP} received to count; hold longer or send more often.`,
    );
  }
  if (!options.nat && options.helper !== "none") {
    program.error(`error: --no-nat leaves --helper ${options.helper} nothing to do; add --helper none.`);
  }
  return options;
}

function whole(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function tens(text: string): number {
  const number = whole(10, 5000)(text);
  if (number % 10 === 0) return number;
  throw new InvalidArgumentError("Give a multiple of 10 from 10 to 5000.");
}
