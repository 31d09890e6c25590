import { type Logger, pino } from "pino";
import pretty from "pino-pretty";

export type { Logger } from "pino";

/**
 * Makes the daemon's log: JSON lines on standard output, or coloured lines when that is a terminal.
 *
 * Written synchronously, so that nothing is lost when the process is killed; nothing at info or above is
 * logged per packet.
 *
 * @param level lowest level that is written
 */
export function createLog(level: string): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const { stdout } = process;
  if (stdout.isTTY) return pino(options, pretty({ sync: true, ignore: "pid,hostname" }));
  return pino(options, pino.destination({ fd: stdout.fd, sync: true }));
}

/** Lines a second of one kind. */
const BURST = 50;
const REFILL_MS = 1000;
/** Characters of one text in a line: a Call-ID or a field name may be as long as its message. */
const LONGEST_TEXT = 256;

interface Budget {
  left: number;
  since: number;
  suppressed: number;
}

/**
 * LogBudget keeps hostile or broken traffic from filling the disk: so many lines a second of one kind, and then
 * one line that says how many were left out. One kind leaves the others theirs. The counters count every case all
 * the same.
 */
export class LogBudget {
  readonly #log: Logger;
  /** By message: their texts stand in the source, so they are few. */
  readonly #budgets = new Map<string, Budget>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Logs at warn within the budget; `now` in milliseconds.
   *
   * @param fields texts longer than 256 characters are cut
   * @param message the kind of line
   */
  warn(now: number, fields: object, message: string): void {
    const budget = this.#budgets.get(message) ?? { left: BURST, since: now, suppressed: 0 };
    this.#budgets.set(message, budget);
    if (now - budget.since >= REFILL_MS) {
      const { suppressed } = budget;
      if (suppressed > 0) this.#log.warn({ suppressed, of: message }, "log lines left out");
      budget.left = BURST;
      budget.since = now;
      budget.suppressed = 0;
    }
    if (budget.left > 0) {
      budget.left--;
      this.#log.warn(shortened(fields), message);
    } else budget.suppressed++;
  }
}

function shortened(fields: object): object {
  const entries = Object.entries(fields).map(([name, value]: [string, unknown]) => {
    const isLong = typeof value === "string" && value.length > LONGEST_TEXT;
    return [name, isLong ? `${value.slice(0, LONGEST_TEXT)}...` : value];
  });
  return Object.fromEntries(entries);
}
