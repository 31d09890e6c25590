import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtFile, packageRoot } from "./package-root.ts";

const FLAGS = ["--inside=192.168.50.10:5060", "--remote=198.51.100.5:5060", "--outside=203.0.113.1"] as const;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "rewrite-"));
});

afterAll(() => rm(folder, { recursive: true }));

/** What the command writes, given these bytes on standard input; rejects when it exits with another status than 0. */
function run(command: string, args: readonly string[], input: Buffer): Promise<Buffer> {
  const options = { cwd: packageRoot(), encoding: "buffer", maxBuffer: 8 << 20 } as const;
  return new Promise((resolve, reject) => {
    const { stdin } = execFile(command, [...args], options, (error, stdout) => {
      if (error) reject(error);
      else resolve(stdout);
    });
    stdin?.end(input);
  });
}

function rewrite(args: readonly string[], input = Buffer.alloc(0)): Promise<Buffer> {
  return run(process.execPath, [builtFile("src/cli/main.ts"), "rewrite", ...FLAGS, ...args], input);
}

test.for([0, 1, 1500, 65_535, 1 << 20])("rewrite gives %i random bytes back as they came", async (size) => {
  const bytes = randomBytes(size);
  const file = join(folder, `${size}`);
  await writeFile(file, bytes);
  const shown = `${bytes.subarray(0, 64).toString("hex")} and so on`;
  expect((await rewrite(["--direction=outbound", file])).equals(bytes), shown).toBe(true);
  expect((await rewrite(["--direction=inbound", "--explain"], bytes)).equals(bytes), shown).toBe(true);
});

test("the command npx finds is this one", async () => {
  const bytes = randomBytes(300);
  const args = ["--no-install", "sipexpectd", "rewrite", ...FLAGS, "--direction=outbound"];
  expect((await run("npx", args, bytes)).equals(bytes)).toBe(true);
});
