import { defineConfig } from "vitest/config";

/** Lab tests of one call that mostly wait for timers. */
const clock = [
  "endings",
  "endings-by-timeout",
  "registrations",
  "idle-flow",
  "stray-source",
  "early-media",
].map((name) => `test/lab/${name}.test.ts`);

/**
 * Unit tests run side by side, and so do lab tests that mostly wait; other lab tests and set-up tests need the machine
 * to themselves, one after another. All but unit tests need root.
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
          exclude: clock,
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
