import { expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";

it("a control socket whose path the kernel would cut is refused by name", () => {
  const longest = `/run/${"x".repeat(102)}`;
  expect(loadConfig(undefined, { socket: longest }).socket).toBe(longest);
  expect(() => loadConfig(undefined, { socket: `${longest}x` })).toThrow(
    /too long for a Unix socket \(107 bytes at most\)\s+→ at socket/,
  );
});
