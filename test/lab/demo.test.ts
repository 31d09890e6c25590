import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { DemoReport } from "./demo-report.ts";
import { EXPECT_MAX, readMachineSetting } from "./machine-setting.ts";
import { builtFile } from "./package-root.ts";

interface DemoRun {
  readonly status: number;
  readonly pid: number;
  readonly report: DemoReport | undefined;
  readonly stderr: string;
}

function demo(...flags: string[]): Promise<DemoRun> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [builtFile("test/lab/demo.ts"), "--json", ...flags],
      (_, out, stderr) => {
        const last = out.trim().split("\n").at(-1);
        const report = last ? (JSON.parse(last) as DemoReport) : undefined;
        resolve({ status: child.exitCode ?? -1, pid: child.pid ?? -1, report, stderr });
      },
    );
  });
}

// The original value of nf_conntrack_expect_max is not compared with: a demo that someone runs beside the tests has set
// it too. Each test sets a value of its own instead, which must be gone afterwards.

function namespacesOf(pid: number): string[] {
  const names = execFileSync("ip", ["netns", "list"], { encoding: "utf8" }).split("\n");
  return names.filter((name) => name.startsWith(`sipx-${pid}-`));
}

describe("the demo", () => {
  test("with sipexpectd, every call of an office of 40 phones has audio both ways", async () => {
    const { status, pid, report, stderr } = await demo(
      "--phones",
      "40",
      "--calls",
      "80",
      "--rate",
      "20",
      "--expect-max",
      "255",
    );
    expect(report, stderr).toMatchObject({
      helper: "sipexpectd",
      phones: 40,
      registered: 40,
      calls: 80,
      answered: 80,
      twoWayAudio: 80,
      twoWayRtcp: 80,
      failed: 0,
      failures: {},
      expectMax: 255,
      queueDropped: 0,
    });
    expect(report?.expectationsPeak).toBeGreaterThan(0);
    expect(report?.expectationsPeak).toBeLessThanOrEqual(255);
    expect(status).toBe(0);
    expect(namespacesOf(pid)).toEqual([]);
    expect(readMachineSetting(EXPECT_MAX)).not.toBe("255");
  });

  test.for([["--phones", "40"], ["--trunk"]])(
    "with sipexpectd, calls that are refused, cancelled, held, refreshed and challenged leave nothing (%s)",
    async (who) => {
      const { status, report, stderr } = await demo(...who, "--scenario", "office", "--hold", "3", "--drain");
      expect(report, stderr).toMatchObject({
        calls: 80,
        // Of each 20 calls, two get 486 and two are cancelled.
        answered: 64,
        refusedAsPlanned: 16,
        twoWayAudio: 64,
        failed: 0,
        failures: {},
        remains: { expectations: 0, masters: 0, calls: 0, streams: 0 },
      });
      expect(status).toBe(0);
    },
  );

  test("with the kernel's helper, the office loses calls", async () => {
    const directMedia = "/sys/module/nf_conntrack_sip/parameters/sip_direct_media";
    const office = ["--phones", "40", "--calls", "500", "--rate", "50", "--hold", "8", "--expect-max", "256"];
    const { status, report, stderr } = await demo("--helper", "kernel", ...office);
    expect(report, stderr).toMatchObject({ helper: "kernel", registered: 40, calls: 500, expectMax: 256 });
    expect(report?.twoWayAudio).toBeLessThan(400);
    expect(report?.failed).toBeGreaterThan(100);
    expect(status).toBe(1);
    expect(readMachineSetting(directMedia)).toBe("1");
  });

  test("without a helper, no call has audio both ways and none comes in", async () => {
    const { status, report, stderr } = await demo("--helper", "none", "--calls", "8", "--hold", "3");
    expect(report, stderr).toMatchObject({ registered: 40, answered: 4, twoWayAudio: 0, failed: 8 });
    expect(status).toBe(1);
  });

  test("without a NAT, the load generator itself loses nothing", async () => {
    const { status, report, stderr } = await demo(
      "--helper",
      "none",
      "--no-nat",
      "--calls",
      "60",
      "--hold",
      "3",
    );
    expect(report, stderr).toMatchObject({
      registered: 40,
      answered: 60,
      twoWayAudio: 60,
      twoWayRtcp: 60,
      failed: 0,
    });
    expect(status).toBe(0);
  });

  test("names the bad value of a flag and what it may be", async () => {
    const { status, stderr } = await demo("--phones", "forty");
    expect(stderr).toContain("'forty' is invalid. Give a whole number from 1 to 3000.");
    expect(status).toBe(1);
  });

  test("leaves nothing behind when it is interrupted", async () => {
    const child = await demoUntilBuilt();
    expect(readMachineSetting(EXPECT_MAX)).toBe("99");
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([null, "SIGINT"]);
    expect(readMachineSetting(EXPECT_MAX)).not.toBe("99");
    expect(namespacesOf(child.pid ?? -1)).toEqual([]);
  });

  test("repairs what an earlier run that was killed left behind", async () => {
    const killed = await demoUntilBuilt();
    killed.kill("SIGKILL");
    await once(killed, "exit");
    expect(readMachineSetting(EXPECT_MAX)).toBe("99");
    expect(namespacesOf(killed.pid ?? -1)).toHaveLength(3);
    const next = await demoUntilBuilt();
    next.kill("SIGTERM");
    await once(next, "exit");
    expect(readMachineSetting(EXPECT_MAX)).not.toBe("99");
    expect(namespacesOf(killed.pid ?? -1)).toEqual([]);
  });
});

/** Starts a demo with an expectation table of 99 and resolves once its lab stands. */
async function demoUntilBuilt(): Promise<ChildProcess> {
  const args = [builtFile("test/lab/demo.ts"), "--helper", "none", "--phones", "3", "--expect-max", "99"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  for await (const text of child.stderr) {
    said += text;
    if (said.includes("lab: ")) break;
  }
  return child;
}
