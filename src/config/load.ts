import { readFileSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { type Config, type ConfigInput, schema } from "./schema.ts";

/** ConfigError says, ready to print, which value is wrong and where. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Reads the configuration: the file if one is named, flags over it, defaults below both.
 *
 * @param file path of a TOML file
 * @param flags values given on the command line; undefined ones do not count
 * @throws ConfigError naming the file, the key and the value
 */
export function loadConfig(file: string | undefined, flags: Partial<ConfigInput>): Config {
  const written = file === undefined ? {} : readToml(file);
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined));
  const result = schema.safeParse({ ...written, ...given });
  if (!result.success) {
    throw new ConfigError(`${file ?? "command line"}: ${z.prettifyError(result.error)}`);
  }
  const config = result.data;
  const { signalling, media } = config.ports;
  if (signalling.first <= media.last && media.first <= signalling.last) {
    throw new ConfigError(
      `ports.signalling ${signalling.first}-${signalling.last} and ports.media ${media.first}-${media.last} overlap; ` +
        "media arriving at a signalling port would be queued, so give them ranges apart",
    );
  }
  return config;
}

function readToml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof TomlError) throw new ConfigError(`${file}: ${error.message}`);
    throw error;
  }
}
