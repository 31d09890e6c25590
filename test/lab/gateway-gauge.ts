import { readFileSync } from "node:fs";
import type { Lab } from "./namespaces.ts";

const SAMPLE_INTERVAL = 250;

/** GatewayGauge reads the gateway's expectation table and queues, four times a second. */
export class GatewayGauge {
  /**
   * Slots of the kernel's expectation table in use, now and the most seen: what it compares with
   * nf_conntrack_expect_max. Expectations that are used up or expired count until the kernel collects them, and
   * are listed nowhere.
   */
  expectations = 0;
  expectationsPeak = 0;
  /** Packets the kernel dropped because a queue was full or its reader too slow, as far as seen. */
  queueDropped = 0;
  readonly #proc: string;
  readonly #timer: NodeJS.Timeout;

  constructor(lab: Lab) {
    this.#proc = `/proc/${lab.witness}/net`;
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_INTERVAL);
  }

  /** Takes a last sample and stops. */
  stop(): void {
    clearInterval(this.#timer);
    this.#sample();
  }

  #sample(): void {
    // nf_conntrack_standalone.c ct_cpu_seq_show: a title line, then hexadecimal counters for each CPU.
    const [titles = "", ...cpus] = rowsOf(`${this.#proc}/stat/nf_conntrack`);
    const columns = titles.split(/\s+/);
    const sum = (title: string) => {
      const column = columns.indexOf(title);
      return cpus.reduce((total, cpu) => total + Number.parseInt(cpu.split(/\s+/)[column] ?? "0", 16), 0);
    };
    this.expectations = sum("expect_create") - sum("expect_delete");
    this.expectationsPeak = Math.max(this.expectationsPeak, this.expectations);
    // nfnetlink_queue.c seq_show: number, port id, length, mode, range, queue_dropped, queue_user_dropped, ...
    const dropped = rowsOf(`${this.#proc}/netfilter/nfnetlink_queue`)
      .map((row) => row.trim().split(/\s+/).map(Number))
      .reduce((sum, [, , , , , full = 0, slow = 0]) => sum + full + slow, 0);
    // A queue's row goes with its reader, so the count is the highest seen.
    this.queueDropped = Math.max(this.queueDropped, dropped);
  }
}

function rowsOf(path: string): string[] {
  return readFileSync(path, "latin1").split("\n").filter(Boolean);
}
