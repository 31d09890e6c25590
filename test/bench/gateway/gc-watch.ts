/**
 * Loaded into the daemon ahead of it (NODE_OPTIONS=--import): counts its garbage collections from the last SIGUSR2 on,
 * and writes them to the file GC_FILE with its process id behind it when it ends.
 */
import { writeFileSync } from "node:fs";
import { PerformanceObserver } from "node:perf_hooks";

/** Collections, and the milliseconds that the longest and all of them took. */
export interface Collections {
  count: number;
  longestMs: number;
  totalMs: number;
}

const seen: Collections = { count: 0, longestMs: 0, totalMs: 0 };
const observer = new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) {
    seen.count++;
    seen.longestMs = Math.max(seen.longestMs, duration);
    seen.totalMs += duration;
  }
});
observer.observe({ entryTypes: ["gc"] });
process.on("SIGUSR2", () => Object.assign(seen, { count: 0, longestMs: 0, totalMs: 0 }));
process.on("exit", () => writeFileSync(`${process.env.GC_FILE}.${process.pid}`, JSON.stringify(seen)));
