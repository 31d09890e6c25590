import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Daemon } from "./daemon.ts";
import type { Lab } from "./namespaces.ts";

const SAMPLE_INTERVAL = 250;

/** What calls have left on the gateway. */
export interface Remains {
  /** Slots of the kernel's expectation table. */
  readonly expectations: number;
  /** Conntracks that carry expectations of ours: they alone have destination port 0. */
  readonly masters: number;
  /** Calls and streams in the daemon's own table, 0 without a daemon. */
  readonly calls: number;
  readonly streams: number;
}

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

  /**
   * Waits until the calls have left nothing behind.
   *
   * @param patience milliseconds
   * @returns what is left when that is over: all zeros, or not
   */
  async drained(daemon: Daemon | undefined, patience: number): Promise<Remains> {
    const deadline = Date.now() + patience;
    for (;;) {
      const remains = await this.remains(daemon);
      const isEmpty = Object.values(remains).every((number) => number === 0);
      if (isEmpty || Date.now() > deadline) return remains;
      await delay(SAMPLE_INTERVAL);
    }
  }

  /** What is on the gateway now. */
  async remains(daemon: Daemon | undefined): Promise<Remains> {
    this.#sample();
    const { calls = 0, streams = 0 } = (await daemon?.stats()) ?? {};
    const entries = rowsOf(`${this.#proc}/nf_conntrack`);
    const masters = entries.filter((entry) => / dport=0 /.test(entry)).length;
    return { expectations: this.expectations, masters, calls, streams };
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
