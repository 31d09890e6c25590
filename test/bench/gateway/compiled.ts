import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Lab } from "../../lab/namespaces.ts";
import { packageRoot } from "../../lab/package-root.ts";

/** Compiles the C program of that name below test/bench; returns its path, which lasts as long as the lab. */
export function compiled(lab: Lab, name: string): string {
  const program = join(lab.directory, name.replace("/", "-"));
  const source = join(packageRoot(), "test/bench", `${name}.c`);
  execFileSync("gcc", ["-O2", "-Wall", "-Wextra", "-pthread", "-o", program, source]);
  return program;
}
