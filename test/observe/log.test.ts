import { describe, expect, it } from "vitest";
import { LogBudget } from "../../src/observe/log.ts";
import { collectLog } from "../store/collect-log.ts";

describe("a flood of log lines", () => {
  it("is cut off, and what was left out is counted when it goes on", () => {
    const { log, lines } = collectLog();
    const budget = new LogBudget(log);
    for (let line = 0; line < 80; line++) budget.warn(10, { line }, "flood");
    expect(lines).toHaveLength(50);
    budget.warn(1010, {}, "flood");
    expect(lines.slice(50)).toMatchObject([
      { suppressed: 30, of: "flood", msg: "log lines left out" },
      { msg: "flood" },
    ]);
  });

  it("of one kind leaves the lines of another", () => {
    const { log, lines } = collectLog();
    const budget = new LogBudget(log);
    for (let line = 0; line < 80; line++) budget.warn(10, {}, "flood");
    budget.warn(10, { code: "EMFILE" }, "the kernel took not all expectations");
    expect(lines.at(-1)).toMatchObject({ code: "EMFILE" });
  });

  it("has no text in it that is as long as a message", () => {
    const { log, lines } = collectLog();
    new LogBudget(log).warn(
      10,
      { method: "X".repeat(60_000), status: 200, callId: "a" },
      "passes unmodified",
    );
    expect(lines[0]).toMatchObject({ method: `${"X".repeat(256)}...`, status: 200, callId: "a" });
  });
});
