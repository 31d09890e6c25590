import Table from "cli-table3";
import type { DemoOptions } from "./demo-options.ts";
import type { GatewayGauge, Remains } from "./gateway-gauge.ts";
import { type RunResult, tally } from "./load/run.ts";
import type { ProcessUsage } from "./process-usage.ts";

/** The demo's result, as --json prints it. */
export interface DemoReport {
  readonly helper: string;
  readonly phones: number;
  readonly registered: number;
  readonly calls: number;
  /** The most calls that were up at once. */
  readonly upPeak: number;
  readonly answered: number;
  /** Calls that ended by 486 or CANCEL as their scenario wants it. */
  readonly refusedAsPlanned: number;
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
  /** What the calls left on the gateway; undefined without --drain. */
  readonly remains: Remains | undefined;
  /** What each process of the run used: the phones', the providers', the driver, the daemon. */
  readonly usage: Readonly<Record<string, ProcessUsage>>;
  readonly seconds: number;
}

/** What was measured beside the calls. */
export interface Measured {
  readonly gauge: GatewayGauge;
  readonly remains: Remains | undefined;
  readonly usage: Readonly<Record<string, ProcessUsage>>;
}

/** Sums a run up. */
export function reportOn(
  options: DemoOptions,
  result: RunResult,
  { gauge, remains, usage }: Measured,
): DemoReport {
  const { calls } = result;
  const failures = calls.flatMap(({ failure }) => failure ?? []);
  return {
    helper: options.helper,
    phones: options.phones,
    registered: result.registered,
    calls: calls.length,
    upPeak: result.upPeak,
    answered: calls.filter(({ answered }) => answered).length,
    refusedAsPlanned: calls.filter(({ refusedAsPlanned }) => refusedAsPlanned).length,
    twoWayAudio: calls.filter(({ twoWayAudio }) => twoWayAudio).length,
    twoWayRtcp: calls.filter(({ twoWayRtcp }) => twoWayRtcp).length,
    failed: failures.length,
    failures: Object.fromEntries(tally(failures)),
    registrationFailures: Object.fromEntries(result.registrationFailures),
    expectMax: options.expectMax,
    expectationsPeak: gauge.expectationsPeak,
    queueDropped: gauge.queueDropped,
    remains,
    usage,
    seconds: Math.round(result.seconds * 10) / 10,
  };
}

/** The report as a person reads it: a table on a terminal, else one line for each figure. */
export function formatReport(report: DemoReport, terminal: boolean): string {
  const rows: Array<[string, string]> = [
    ["helper", report.helper],
    ["phones registered", `${report.registered} of ${report.phones}`],
    ["calls answered", `${report.answered} of ${report.calls}`],
    ...optional("calls refused or cancelled as planned", report.refusedAsPlanned),
    ["calls with two-way audio", `${report.twoWayAudio} of ${report.calls}`],
    ["calls with two-way RTCP", `${report.twoWayRtcp} of ${report.calls}`],
    ["calls failed", String(report.failed)],
    ...Object.entries(report.registrationFailures).map(([why, n]): [string, string] => [
      `  register: ${why}`,
      `${n}`,
    ]),
    ...Object.entries(report.failures).map(([why, n]): [string, string] => [`  ${why}`, String(n)]),
    ["calls up, most at once", String(report.upPeak)],
    ["expectations, most at once", `${report.expectationsPeak} of ${report.expectMax}`],
    ["packets dropped by the queue", String(report.queueDropped)],
    ...remainsRows(report.remains),
    ["seconds", String(report.seconds)],
  ];
  if (!terminal) return rows.map(([name, value]) => `${name}: ${value}`).join("\n");
  const table = new Table({ colAligns: ["left", "right"], style: { head: [], border: [] } });
  table.push(...rows);
  return table.toString();
}

function optional(name: string, figure: number): Array<[string, string]> {
  return figure > 0 ? [[name, String(figure)]] : [];
}

function remainsRows(remains: Remains | undefined): Array<[string, string]> {
  return Object.entries(remains ?? {}).map(([name, figure]) => [
    `${name} left after the calls`,
    String(figure),
  ]);
}
