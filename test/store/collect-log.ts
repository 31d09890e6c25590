import { type Logger, pino } from "pino";

/** A log whose lines a test can read. */
export function collectLog(): { readonly log: Logger; readonly lines: readonly Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  return { log: pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) }), lines };
}
