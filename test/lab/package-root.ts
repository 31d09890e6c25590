import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * packageRoot is the folder of package.json, whether this runs from test/ (vitest) or from dist/test/ (node).
 *
 * Throws when no folder above has a package.json.
 */
export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error("No package.json above the lab; run it from a checkout.");
    folder = parent;
  }
  return folder;
}

/**
 * builtFile is the compiled JavaScript of a TypeScript file: builtFile("test/lab/load/phone.ts").
 *
 * Throws, naming the command that builds it, when it has not been compiled.
 */
export function builtFile(source: string): string {
  const path = join(packageRoot(), "dist", source.replace(/\.ts$/, ".js"));
  if (!existsSync(path)) throw new Error(`${path} has not been built; build it with: npm run build`);
  return path;
}
