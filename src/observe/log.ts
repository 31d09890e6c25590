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

const BURST = 50;
const REFILL_MS = 1000;

/**
 * LogBudget keeps hostile or broken traffic from filling the disk: so many lines a second of one kind, and then
 * one line that says how many were left out. The counters count every case all the same.
 */
export class LogBudget {
  readonly #log: Logger;
  #left = BURST;
  #since = 0;
  #suppressed = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Logs at warn within the budget; `now` in milliseconds. */
  warn(now: number, fields: object, message: string): void {
    if (now - this.#since >= REFILL_MS) {
      if (this.#suppressed > 0) this.#log.warn({ suppressed: this.#suppressed }, "log lines left out");
      this.#left = BURST;
      this.#since = now;
      this.#suppressed = 0;
    }
    if (this.#left > 0) {
      this.#left--;
      this.#log.warn(fields, message);
    } else this.#suppressed++;
  }
}
