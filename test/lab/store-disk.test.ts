import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { builtFile } from "./package-root.ts";

describe("the store on a disk that fails", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sipexpectd-disk-"));
  });

  afterEach(() => {
    rmdirSync(folder);
  });

  /** Runs a program with a file system of its own on the folder, in a mount namespace that ends with it. */
  function onDisk(options: string, ...program: string[]): string {
    const script = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"';
    const command = ["--mount", "sh", "-c", script, "sh", options, folder, process.execPath, ...program];
    return execFileSync("unshare", command, { encoding: "utf8" });
  }

  it("takes what waits as soon as a full disk has room, and loses none of it", () => {
    expect(JSON.parse(onDisk("size=4m", builtFile("test/store/disk-full.ts"), folder))).toEqual({
      atStart: { refused: "StoreError", waiting: 1000 },
      later: { refused: "StoreError", kept: 5000 },
      loaded: 5000,
      logged: 1,
    });
  });

  it("says that a read-only folder cannot be written", () => {
    const open = `
      import { openLmdbStore } from ${JSON.stringify(builtFile("src/store/lmdb-store.ts"))};
      try { openLmdbStore(${JSON.stringify(folder)}); } catch (error) { console.log(error.message); }`;
    const said = onDisk("ro", "--input-type=module", "--eval", open);
    expect(said).toBe(
      `${folder}/lock: the store cannot be written (EROFS); ` +
        "make the folder writable for the daemon, or name another with --store\n",
    );
  });
});
