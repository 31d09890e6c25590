import { defineConfig } from "vitest/config";

const lab = (names: readonly string[]) => names.map((name) => `test/lab/${name}.test.ts`);

/** Lab tests of one call that mostly wait for timers. */
const clock = lab([
  "endings",
  "endings-by-timeout",
  "registrations",
  "idle-flow",
  "stray-source",
  "early-media",
]);

/** Lab tests of many calls, and those that change a setting of the whole machine, which no other may see. */
const alone = lab([
  "capacity",
  "demo",
  "expectation-limit",
  "flush",
  "ipv6-sipp",
  "kernel-refusals",
  "nat66",
  "other-clients",
  "registered-phones",
  "restart",
  "trunk",
]);

/**
 * Unit tests run side by side, and so do lab tests that mostly wait; the other lab tests run two at a time, but for
 * those that need the machine to themselves. All but unit tests need root.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          root: new URL("..", import.meta.url).pathname,
          include: ["test/**/*.test.ts"],
          exclude: ["test/lab/**", "test/setup/**", "node_modules/**"],
          // What is tested has no state that a test could see, and a process for each file costs more than its tests.
          isolate: false,
          maxWorkers: "100%",
        },
      },
      {
        test: {
          name: "lab",
          root: new URL("..", import.meta.url).pathname,
          include: ["test/lab/**/*.test.ts", "test/setup/**/*.test.ts"],
          exclude: [...alone, ...clock],
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "alone",
          root: new URL("..", import.meta.url).pathname,
          include: alone,
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: "clock",
          root: new URL("..", import.meta.url).pathname,
          include: clock,
          maxWorkers: clock.length,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
