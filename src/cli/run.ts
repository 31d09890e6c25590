import { type Command, InvalidArgumentError } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import type { ConfigInput } from "../config/schema.ts";
import { startGateway } from "../gateway/assemble.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { loadNative } from "../kernel/native.ts";
import { serveControl } from "../observe/control.ts";
import { createLog } from "../observe/log.ts";
import { kernelHelperWarnings } from "../rules/kernel-helper.ts";
import { StoreError } from "../store/store-error.ts";

interface RunOptions
  extends Pick<ConfigInput, "inside" | "outside" | "queue" | "socket" | "store" | "advertise"> {
  readonly config?: string;
}

/** Adds the daemon's command to the program. */
export function registerRun(program: Command): void {
  program
    .command("run")
    .description("run the helper on this gateway, in the foreground")
    .option("--config <file>", "configuration file (TOML); flags win over it")
    .option("--inside <interface...>", "interfaces of the phones' side")
    .option("--outside <interface>", "interface of the providers' side")
    .option("--queue <number>", "NFQUEUE number, the same as in the rules", integer)
    .option("--socket <path>", "Unix socket of the control API")
    .option("--store <folder>", "folder of the store")
    .option("--advertise <address>", "address to write into messages, behind another 1:1 NAT")
    .action(run);
}

async function run({ config: file, ...flags }: RunOptions): Promise<void> {
  try {
    const config = loadConfig(file, flags);
    if (config.inside.length === 0) throw new ConfigError("no inside interface; name one with --inside");
    if (config.outside === undefined) throw new ConfigError("no outside interface; name one with --outside");
    const log = createLog(config.log.level);
    for (const warning of kernelHelperWarnings()) log.warn(warning);
    const gateway = await startGateway(loadNative(), { ...config, outside: config.outside }, log);
    const control = await serveControl(config.socket, { "/stats": () => gateway.stats() });
    const stop = (signal: string): void => {
      log.info({ signal }, "stopping; the rules stay, and SIP passes untranslated");
      control.close();
      void gateway.close();
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    const { inside, outside, queue, socket } = config;
    log.info({ inside, outside, queue, socket, ...gateway.stats() }, "ready");
  } catch (error) {
    const isExpected = [ConfigError, KernelError, StoreError].some((kind) => error instanceof kind);
    if (!isExpected || !(error instanceof Error)) throw error;
    process.stderr.write(`sipexpectd: ${error.message}\n`);
    process.exitCode = 1;
  }
}

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError("It must be a whole number.");
  return value;
}
