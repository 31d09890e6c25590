import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import { ConfigError, loadConfig } from "../config/load.ts";
import { askControl, failure } from "../observe/control-client.ts";
import { ControlError } from "../observe/control-error.ts";

/** Where the daemon is, and how its answer is to be shown. */
export interface AskOptions {
  readonly socket?: string;
  readonly config?: string;
  readonly json?: true;
}

/** Adds the flags that every command has which asks the daemon. */
export function withDaemon(command: Command): Command {
  return command
    .option("--json", "print what the daemon answers, as JSON")
    .option("--socket <path>", "the daemon's control socket (default: /run/sipexpectd/control.sock)")
    .option("--config <file>", "the daemon's configuration file, which may name the socket");
}

/**
 * Asks the daemon and prints its answer: as it is with `--json`, else the lines that `show` makes of it. What goes
 * wrong is one line on standard error, and exit status 1.
 *
 * @param path with its query
 */
export async function askDaemon<Answer>(
  { socket: given, config, json }: AskOptions,
  path: string,
  show: (answer: Answer) => string,
): Promise<void> {
  try {
    const { socket } = loadConfig(config, { socket: given });
    const response = await askControl(socket, path);
    try {
      if (json === true) {
        await pipeline(response, process.stdout, { end: false });
        return;
      }
      let body = "";
      for await (const chunk of response.setEncoding("utf8")) body += chunk;
      process.stdout.write(show(JSON.parse(body) as Answer));
    } catch (error) {
      // Whoever stops reading, as `head` does, has what he wanted.
      if (error instanceof Error && "code" in error && error.code === "EPIPE") return;
      throw failure(socket, error);
    }
  } catch (error) {
    if (!(error instanceof ControlError || error instanceof ConfigError)) throw error;
    process.stderr.write(`sipexpectd: ${error.message}\n`);
    process.exitCode = 1;
  }
}
