import { defineConfig } from "vitest/config";

/** Unit tests run side by side; lab and set-up tests need root and the machine to themselves, one after another. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          root: new URL("..", import.meta.url).pathname,
          include: ["test/**/*.test.ts"],
          exclude: ["test/lab/**", "test/setup/**", "node_modules/**"],
        },
      },
      {
        test: {
          name: "lab",
          root: new URL("..", import.meta.url).pathname,
          include: ["test/lab/**/*.test.ts", "test/setup/**/*.test.ts"],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
