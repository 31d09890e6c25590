import Table from "cli-table3";
import type { DemoOptions } from "./demo-options.ts";
import type { GatewayGauge } from "./gateway-gauge.ts";
import { type RunResult, tally } from "./load/run.ts";

/** The demo's result, as --json prints it. */
export interface DemoReport {
  readonly helper: string;
  readonly phones: number;
  readonly registered: number;
  readonly calls: number;
  readonly answered: number;
  /** Calls in which each end received at least 20 RTP packets from exactly where the peer's SDP said. */
  readonly twoWayAudio: number;
  /** The same for RTCP, at least one packet. */
  readonly twoWayRtcp: number;
  /** Calls with any fault: unanswered, not two-way, or not ended by a BYE that arrived. */
  readonly failed: number;
  /** What went wrong first in each failed call, with the number of calls. */
  readonly failures: Readonly<Record<string, number>>;
  readonly registrationFailures: Readonly<Record<string, number>>;
  readonly expectMax: number;
  readonly expectationsPeak: number;
  readonly queueDropped: number;
  readonly seconds: number;
}

/** Sums a run up. */
export function reportOn(options: DemoOptions, result: RunResult, gauge: GatewayGauge): DemoReport {
  const { calls } = result;
  const failures = calls.flatMap(({ failure }) => failure ?? []);
  return {
    helper: options.helper,
    phones: options.phones,
    registered: result.registered,
    calls: calls.length,
    answered: calls.filter(({ answered }) => answered).length,
    twoWayAudio: calls.filter(({ twoWayAudio }) => twoWayAudio).length,
    twoWayRtcp: calls.filter(({ twoWayRtcp }) => twoWayRtcp).length,
    failed: failures.length,
    failures: Object.fromEntries(tally(failures)),
    registrationFailures: Object.fromEntries(result.registrationFailures),
    expectMax: options.expectMax,
    expectationsPeak: gauge.expectationsPeak,
    queueDropped: gauge.queueDropped,
    seconds: Math.round(result.seconds * 10) / 10,
  };
}

/** The report as a person reads it: a table on a terminal, else one line for each figure. */
export function formatReport(report: DemoReport, terminal: boolean): string {
  const rows: Array<[string, string]> = [
    ["helper", report.helper],
    ["phones registered", `${report.registered} of ${report.phones}`],
    ["calls answered", `${report.answered} of ${report.calls}`],
    ["calls with two-way audio", `${report.twoWayAudio} of ${report.calls}`],
    ["calls with two-way RTCP", `${report.twoWayRtcp} of ${report.calls}`],
    ["calls failed", String(report.failed)],
    ...Object.entries(report.registrationFailures).map(([why, n]): [string, string] => [
      `  register: ${why}`,
      `${n}`,
    ]),
    ...Object.entries(report.failures).map(([why, n]): [string, string] => [`  ${why}`, String(n)]),
    ["expectations, most at once", `${report.expectationsPeak} of ${report.expectMax}`],
    ["packets dropped by the queue", String(report.queueDropped)],
    ["seconds", String(report.seconds)],
  ];
  if (!terminal) return rows.map(([name, value]) => `${name}: ${value}`).join("\n");
  const table = new Table({ colAligns: ["left", "right"], style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}
