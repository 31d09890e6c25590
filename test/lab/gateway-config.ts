import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "./namespaces.ts";

/** Writes a configuration file of the lab's daemon; returns the flags of `sipexpectd run` that name it. */
export function configured(lab: Lab, toml: string): string[] {
  const file = join(lab.directory, "sipexpectd.toml");
  writeFileSync(file, toml);
  return ["--config", file];
}
