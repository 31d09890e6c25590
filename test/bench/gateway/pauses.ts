import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtFile } from "../../lab/package-root.ts";
import type { Collections } from "./gc-watch.ts";
import { HelpedGateway, type Helper } from "./helped-gateway.ts";
import { highestCarried } from "./search.ts";
import type { Work } from "./work.ts";

/** How a steady stream fared. */
export interface Pauses {
  readonly kind: "pauses";
  readonly work: string;
  readonly helper: Helper;
  readonly rate: number;
  readonly seconds: number;
  readonly sent: number;
  readonly lost: number;
  /** Microseconds from one end to the other; the longest is the longest pause that a packet met. */
  readonly p50us: number;
  readonly p99us: number;
  readonly p999us: number;
  readonly longestUs: number;
  /** Garbage collections of sipexpectd meanwhile; undefined for the others. */
  readonly collections?: Collections;
}

/**
 * Sends a steady stream, by default at half of the maximum.
 *
 * @param rate packets a second, undefined for half of what is carried
 */
export async function pauses(work: Work, helper: Helper, seconds: number, rate?: number): Promise<Pauses> {
  const folder = mkdtempSync(join(tmpdir(), "sipexpectd-bench-"));
  const file = join(folder, "gc");
  const { NODE_OPTIONS: options = "" } = process.env;
  process.env.GC_FILE = file;
  process.env.NODE_OPTIONS = `${options} --import ${builtFile("test/bench/gateway/gc-watch.ts")}`;
  try {
    const gateway = await HelpedGateway.open(helper);
    try {
      await gateway.take(work);
      const steady = Math.round(rate ?? (await highestCarried(gateway)) / 2);
      gateway.signal("SIGUSR2");
      const run = await gateway.run([steady, seconds]);
      const pid = await gateway.stopDaemon();
      return {
        kind: "pauses",
        work: work.name,
        helper,
        rate: steady,
        seconds,
        sent: run.sent,
        lost: run.sent - run.received,
        p50us: run.p50,
        p99us: run.p99,
        p999us: run.p999,
        longestUs: run.longest,
        ...(pid !== undefined && {
          collections: JSON.parse(readFileSync(`${file}.${pid}`, "utf8")) as Collections,
        }),
      };
    } finally {
      gateway.close();
    }
  } finally {
    process.env.NODE_OPTIONS = options;
    delete process.env.GC_FILE;
    rmSync(folder, { recursive: true });
  }
}
