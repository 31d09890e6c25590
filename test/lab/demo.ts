/** `npm run demo`: builds the lab, runs the load, says what arrived. Exit status 1 if any call failed. */
import { attachHelper } from "./conntrack-helper.ts";
import { type DemoOptions, parseDemoOptions } from "./demo-options.ts";
import { type DemoReport, formatReport, reportOn } from "./demo-report.ts";
import { GatewayGauge } from "./gateway-gauge.ts";
import { Load } from "./load/load.ts";
import { type RunProgress, runLoad } from "./load/run.ts";
import { EXPECT_MAX, holdMachineSetting } from "./machine-setting.ts";
import { Lab } from "./namespaces.ts";
import { usageOf } from "./process-usage.ts";

/** Milliseconds for what the last calls left: the daemon keeps an ended call for timers.linger, 5 s. */
const DRAIN = 10_000;

async function demo(options: DemoOptions): Promise<DemoReport> {
  const restoreExpectMax = await holdMachineSetting(EXPECT_MAX, options.expectMax, (holder) => {
    say(`waiting for process ${holder}, another lab run`);
  });
  try {
    const lab = new Lab(options);
    try {
      return await runIn(lab, options);
    } finally {
      lab.dispose();
    }
  } finally {
    restoreExpectMax();
  }
}

async function runIn(lab: Lab, options: DemoOptions): Promise<DemoReport> {
  say(
    `lab: ${options.phones} phones behind a ${options.nat ? "NAT" : "routing"} gateway, helper ${options.helper}`,
  );
  const { daemon, detach } = await attachHelper(lab, options.helper);
  const gauge = new GatewayGauge(lab);
  const load = await Load.start(lab, options);
  const progress: RunProgress = { registered: 0, placed: 0, up: 0, upPeak: 0, over: 0, failed: 0 };
  const stopShowing = show(progress, options, gauge);
  try {
    const result = await runLoad(load, options, progress);
    stopShowing();
    const remains = options.drain ? await gauge.drained(daemon, DRAIN) : undefined;
    gauge.stop();
    const pids = { ...load.pids, driver: process.pid, ...(daemon && { sipexpectd: daemon.pid }) };
    const usage = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, usageOf(pid)]));
    return reportOn(options, result, { gauge, remains, usage });
  } finally {
    stopShowing();
    gauge.stop();
    load.close();
    await detach();
  }
}

/** Shows progress on standard error: one line, rewritten each half second on a terminal, else a line every 2 s. */
function show(progress: RunProgress, options: DemoOptions, gauge: GatewayGauge): () => void {
  const terminal = process.stderr.isTTY;
  const print = (end: string) => {
    const line =
      `registered ${progress.registered}/${options.phones}  placed ${progress.placed}/${options.calls}  ` +
      `up ${progress.up}  over ${progress.over}  failed ${progress.failed}  ` +
      `expectations ${gauge.expectations}/${options.expectMax}`;
    process.stderr.write(terminal ? `\r${line}\x1b[K${end}` : `${line}\n`);
  };
  const timer = setInterval(print, terminal ? 500 : 2000, "");
  let showing = true;
  return () => {
    clearInterval(timer);
    if (showing) print("\n");
    showing = false;
  };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

const options = parseDemoOptions(process.argv);
try {
  const report = await demo(options);
  process.stdout.write(
    `${options.json ? JSON.stringify(report) : formatReport(report, process.stdout.isTTY)}\n`,
  );
  process.exitCode = report.failed > 0 || report.registered < report.phones ? 1 : 0;
} catch (error) {
  say(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
