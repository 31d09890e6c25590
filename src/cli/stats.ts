import type { Command } from "commander";
import { type AskOptions, askDaemon, withDaemon } from "./ask-daemon.ts";
import { table } from "./listing.ts";

/** Adds `stats` to the program. */
export function registerStats(program: Command): void {
  const command = program
    .command("stats")
    .description("show what the running daemon holds and has counted, a figure a line");
  withDaemon(command).action((options: AskOptions) =>
    askDaemon<object>(options, "/stats", (stats) => table(figures("", stats), undefined)),
  );
}

/** The figures of an object, named by the path to them: "slots.used". */
function figures(path: string, value: object): string[][] {
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) =>
    typeof one === "object" && one !== null
      ? figures(`${path}${name}.`, one)
      : [[`${path}${name}`, one === null ? "none" : String(one)]],
  );
}
