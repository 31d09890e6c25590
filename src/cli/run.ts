import type { Server } from "node:http";
import { type Command, InvalidArgumentError } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import type { ConfigInput } from "../config/schema.ts";
import { type RunningGateway, startGateway } from "../gateway/assemble.ts";
import { controlRoutes } from "../gateway/control-routes.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { loadNative } from "../kernel/native.ts";
import { serveControl } from "../observe/control.ts";
import { ControlError } from "../observe/control-error.ts";
import { createLog, type Logger } from "../observe/log.ts";
import { kernelHelperWarnings } from "../rules/kernel-helper.ts";
import { StoreError } from "../store/store-error.ts";
import { tuneGarbageCollector } from "./garbage-collector.ts";

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
  tuneGarbageCollector();
  try {
    const config = loadConfig(file, flags);
    if (config.inside.length === 0) throw new ConfigError("no inside interface; name one with --inside");
    if (config.outside === undefined) throw new ConfigError("no outside interface; name one with --outside");
    const log = createLog(config.log.level);
    for (const warning of kernelHelperWarnings()) log.warn(warning);
    const gateway = await startGateway(loadNative(), { ...config, outside: config.outside }, log);
    const control = await openControl(config.socket, gateway, log);
    const stop = (signal: string): void => {
      log.info({ signal }, "stopping; the rules stay, and SIP passes untranslated");
      control.close();
      // Whoever is still reading a long answer does not keep the daemon.
      control.closeAllConnections();
      void gateway.close();
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
    const { inside, outside, queue, socket } = config;
    const { version, external, bindings, calls, streams, slots } = gateway.stats();
    log.info({ version, inside, outside, external, queue, socket, bindings, calls, streams, slots }, "ready");
  } catch (error) {
    const isExpected = [ConfigError, ControlError, KernelError, StoreError].some(
      (kind) => error instanceof kind,
    );
    if (!isExpected || !(error instanceof Error)) throw error;
    process.stderr.write(`sipexpectd: ${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Without a control socket nothing of the gateway stays behind. */
async function openControl(socket: string, gateway: RunningGateway, log: Logger): Promise<Server> {
  try {
    return await serveControl(socket, controlRoutes(gateway), log);
  } catch (error) {
    await gateway.close();
    throw error;
  }
}

function integer(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value)) throw new InvalidArgumentError("It must be a whole number.");
  return value;
}
