import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

/*
 * What setup.sh says when it cannot go on. Each test needs root, changes nothing on the machine, and works on a
 * copy of the script in an empty folder, so that a script that went on would fail there.
 */

const SCRIPT = fileURLToPath(new URL("../../setup.sh", import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sipexpectd-setup-test-"));
  cpSync(SCRIPT, join(folder, "setup.sh"));
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a command to its end and returns its exit status and the lines of its standard error. */
function complaint(command: string, args: readonly string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, TMPDIR: folder, ...environment };
  const { status, stderr } = spawnSync(command, args, { cwd: folder, encoding: "utf8", env });
  return { status, lines: stderr.trimEnd().split("\n") };
}

/** Writes a command of that name which prints a line and succeeds; returns the PATH that finds it first. */
function standIn(name: string, prints: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${prints}"\n`, { mode: 0o755 });
  return `${bin}:${process.env.PATH}`;
}

test("without root, set-up ends with one line that says so", () => {
  const nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
  const { status, lines } = complaint("setpriv", [...nobody, "bash", "setup.sh"]);
  expect(status).toBe(1);
  expect(lines).toEqual([expect.stringMatching(/^setup: must run as root, not as .*; use sudo$/)]);
});

test("with a Node older than 20, set-up ends with one line that names its version", () => {
  const { status, lines } = complaint("bash", ["setup.sh"], { PATH: standIn("node", "18.19.0") });
  expect(status).toBe(1);
  expect(lines).toEqual(["setup: Node 18.19.0 is too old: install Node 20 or newer"]);
});

test("without netfilter in the kernel, set-up ends with one line that names what is missing", () => {
  // In a mount namespace of its own the kernel's settings of connection tracking are hidden.
  const hide = "mount -t tmpfs none /proc/sys/net/netfilter && exec bash setup.sh";
  const { status, lines } = complaint("unshare", ["--mount", "sh", "-c", hide]);
  expect(status).toBe(1);
  expect(lines.at(-1)).toMatch(
    /^setup: this kernel has no connection tracking \(nf_conntrack\): run a kernel /,
  );
  expect(lines.filter((line) => !line.startsWith("setup: Debian packages: "))).toHaveLength(1);
});

test("without a package source, set-up ends with one line that says what could not be had", () => {
  // An empty dpkg database and an apt without sources: everything is missing and nothing can be installed.
  const dpkg = join(folder, "dpkg");
  for (const each of ["dpkg/updates", "apt/lists/partial", "apt/cache/archives/partial"]) {
    mkdirSync(join(folder, each), { recursive: true });
  }
  writeFileSync(join(dpkg, "status"), "");
  const config = join(folder, "apt.conf");
  writeFileSync(
    config,
    `Dir::State "${folder}/apt"; Dir::State::status "${dpkg}/status"; Dir::Cache "${folder}/apt/cache";
     Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";`,
  );
  const { status, lines } = complaint("bash", ["setup.sh"], { DPKG_ADMINDIR: dpkg, APT_CONFIG: config });
  expect(status).toBe(1);
  expect(lines).toEqual([
    expect.stringMatching(/^setup: Debian packages: installing build-essential .* conntrack /),
    expect.stringMatching(
      /^setup: apt has no source for all of them \(E: .*build-essential.*\); look at \/etc\/apt\/sources\.list/,
    ),
  ]);
});
