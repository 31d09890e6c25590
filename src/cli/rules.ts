import { existsSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import type { Transport } from "../packet/endpoint.ts";
import type { PortRange } from "../packet/port-range.ts";
import type { Backend } from "../rules/backend.ts";
import {
  BACKEND_NAMES,
  type BackendName,
  detectBackend,
  installedBackends,
  openBackend,
} from "../rules/choose-backend.ts";
import { kernelHelperWarnings } from "../rules/kernel-helper.ts";
import { loadNatSip } from "../rules/nat-sip.ts";
import {
  checkParameters,
  parseInterface,
  parsePortRange,
  parseQueue,
  parseTransport,
  type RuleParameters,
} from "../rules/parameters.ts";
import { RulesError } from "../rules/rules-error.ts";

/** What commander makes of the flags; a flag that is not given leaves the word to the configuration. */
interface RulesOptions {
  readonly backend?: BackendName;
  readonly config?: string;
  readonly inside?: string[];
  readonly outside?: string;
  readonly queue?: number;
  readonly signallingPorts?: PortRange;
  readonly transport: readonly Transport[];
}

/** Adds `rules print`, `rules apply` and `rules remove` to the program. */
export function registerRules(program: Command): void {
  const rules = program
    .command("rules")
    .description("the netfilter rules that queue SIP to the daemon (iptables or nft)");
  withOptions(rules.command("print"))
    .description("print the rules as iptables-restore --noflush or nft -f would be given them")
    .action((options: RulesOptions) => answer(() => print(options)));
  withOptions(rules.command("apply"))
    .description("put the rules in place, in one transaction; doing it again changes nothing")
    .action((options: RulesOptions) => answer(() => apply(options)));
  withOptions(rules.command("remove"))
    .description("take the rules away; without --backend, wherever they are (other flags are not needed)")
    .action((options: RulesOptions) => answer(() => remove(options)));
}

function withOptions(command: Command): Command {
  const backend = new Option(
    "--backend <name>",
    "how to hand them to the kernel (default: what is installed)",
  );
  return command
    .addOption(backend.choices(BACKEND_NAMES))
    .option("--config <file>", "the daemon's configuration file (TOML); flags win over it")
    .option("--inside <interface...>", "interfaces the phones are behind", collect(parseInterface))
    .option("--outside <interface>", "interface the providers are behind", single(parseInterface))
    .option("--queue <number>", "NFQUEUE number, as the daemon's --queue (default: 5060)", single(parseQueue))
    .option(
      "--signalling-ports <range>",
      "external SIP ports, as ports.signalling of the configuration (default: 5060-9999)",
      single(parsePortRange),
    )
    .option("--transport <name...>", "udp, tcp (default: both)", collect(parseTransport), ["udp", "tcp"]);
}

function print(options: RulesOptions): void {
  const backend = options.backend === undefined ? detectBackend() : openBackend(options.backend);
  process.stdout.write(backend.render(parametersOf(options)));
}

function apply(options: RulesOptions): void {
  const parameters = parametersOf(options);
  mustBeRoot("apply");
  const backend = options.backend === undefined ? detectBackend() : openBackend(options.backend);
  const others = installedBackends().filter((other) => other.title !== backend.title);
  const natSip = loadNatSip();
  const outcome = backend.apply(parameters);
  console.log(
    outcome === "applied"
      ? `Rules applied with ${backend.title}: ${describe(parameters)}.`
      : `Rules already in place with ${backend.title}, nothing changed: ${describe(parameters)}.`,
  );
  // Rules of a second backend would queue every packet twice. They go last: a gap would let SIP pass untranslated.
  for (const other of others) {
    if (other.isApplied()) removeFrom(other);
  }
  for (const name of [...parameters.inside, ...parameters.outside]) {
    if (!existsSync(`/sys/class/net/${name}`)) {
      warn(
        `There is no interface "${name}" now; its rules match as soon as there is one. "ip link" lists them.`,
      );
    }
  }
  if (!natSip) {
    warn(
      "This kernel has no nf_nat_sip, so no media port can be opened; install it and run: modprobe nf_nat_sip",
    );
  }
  kernelHelperWarnings().forEach(warn);
}

function remove(options: RulesOptions): void {
  mustBeRoot("remove");
  const backends = options.backend === undefined ? installedBackends() : [openBackend(options.backend)];
  const removed = backends.filter((backend) => backend.isApplied()).map(removeFrom);
  if (removed.length === 0) console.log("No rules of sipexpectd are in place, nothing changed.");
}

function removeFrom(backend: Backend): void {
  backend.remove();
  console.log(`Rules removed with ${backend.title}.`);
}

function parametersOf(options: RulesOptions): RuleParameters {
  const { inside, outside, queue } = options;
  const config = loadConfig(options.config, { inside, outside, queue });
  return checkParameters({
    inside: config.inside.map(parseInterface),
    outside: config.outside === undefined ? [] : [parseInterface(config.outside)],
    transports: options.transport,
    queue: config.queue,
    signallingPorts: options.signallingPorts ?? config.ports.signalling,
  });
}

function describe(parameters: RuleParameters): string {
  const { inside, outside, transports, queue, signallingPorts } = parameters;
  return (
    `SIP over ${transports.join(" and ")} to port 5060 from ${inside.join(", ")}, and from ${outside.join(", ")}` +
    ` from port 5060 or to ports ${signallingPorts.first}-${signallingPorts.last}, goes to queue ${queue}`
  );
}

function mustBeRoot(verb: string): void {
  const uid = process.geteuid?.();
  if (uid !== 0)
    throw new RulesError(
      `rules ${verb} changes the firewall and must run as root, not as uid ${uid}: use sudo.`,
    );
}

/** Runs one action; a reason it gives up for ends the command with exit status 1 and one line on standard error. */
function answer(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof RulesError || error instanceof ConfigError)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  }
}

function warn(line: string): void {
  console.error(`warning: ${line}`);
}

/** Makes a parser of one value a commander parser, which tells the flag in its message. */
function single<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof RulesError)) throw error;
      throw new InvalidArgumentError(error.message);
    }
  };
}

/** The same for a flag that may be given several values; they replace its default. */
function collect<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  const parseOne = single(parse);
  const given: T[] = [];
  return (text) => {
    given.push(parseOne(text));
    return given;
  };
}
