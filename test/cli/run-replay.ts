import { Command } from "commander";
import { vi } from "vitest";
import { registerReplay } from "../../src/cli/replay.ts";

/** What a run of the command printed, and what commander threw instead of ending the process. */
export interface ReplayRun {
  readonly out: string;
  readonly err: string;
  readonly error: unknown;
}

/** Runs `replay` on a file as the shell would, with the lab's inside network unless `args` name another. */
export async function runReplay(file: string, args: readonly string[]): Promise<ReplayRun> {
  let out = "";
  let err = "";
  let error: unknown;
  const toErr = (text: string): boolean => {
    err += text;
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    out += String(chunk);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((chunk) => toErr(String(chunk)));
  const program = new Command().exitOverride().configureOutput({ writeErr: toErr });
  registerReplay(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: toErr });
  const given = args.includes("--inside") ? args : ["--inside", "192.168.50.0/24", ...args];
  try {
    await program.parseAsync(["node", "sipexpectd", "replay", file, ...given]);
  } catch (thrown) {
    error = thrown;
  } finally {
    vi.restoreAllMocks();
  }
  return { out, err, error };
}
