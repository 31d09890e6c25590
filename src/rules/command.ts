import { spawnSync } from "node:child_process";
import { RulesError } from "./rules-error.ts";

/** CommandResult is what a command that could be started left behind. */
export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Debian package that brings each command we run, for the remedy when it is missing. */
const PACKAGES: readonly (readonly [prefix: string, packageName: string])[] = [
  ["iptables", "iptables"],
  ["nft", "nftables"],
  ["modprobe", "kmod"],
];

/**
 * Runs a command without a shell and waits for it. The sbin folders are searched too, which a plain `su`
 * leaves out of PATH.
 *
 * @param input given to its standard input
 * @returns undefined when the command is not installed
 */
export function tryCommand(
  command: string,
  args: readonly string[],
  input?: string,
): CommandResult | undefined {
  const result = spawnSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` },
    maxBuffer: 256 * 1024 * 1024,
    input: input ?? "",
  });
  if (result.error !== undefined) {
    if ("code" in result.error && result.error.code === "ENOENT") return undefined;
    throw new RulesError(`${command} cannot be run: ${result.error.message}.`);
  }
  return { status: result.status ?? 1, stdout: result.stdout, stderr: result.stderr };
}

/**
 * Runs a command that must succeed, and returns its standard output.
 *
 * @throws RulesError when it is not installed (naming the package) or fails (with its own first words)
 */
export function runCommand(command: string, args: readonly string[], input?: string): string {
  const result = tryCommand(command, args, input);
  if (result === undefined) {
    const packageName = PACKAGES.find(([prefix]) => command.startsWith(prefix))?.[1] ?? command;
    throw new RulesError(
      `${command} is not installed: apt install ${packageName}, or choose another --backend.`,
    );
  }
  if (result.status !== 0) throw new RulesError(`${command} refused: ${firstWords(result.stderr)}`);
  return result.stdout;
}

/** The first line of a command's complaint that is not a mere warning, without the file it names. */
export function firstWords(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  const line = lines.find((each) => each !== "" && !each.startsWith("#")) ?? "it gave no reason";
  return line.replace(/^\/dev\/stdin:[0-9:-]+ /, "");
}
