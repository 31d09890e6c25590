import { pino } from "pino";
import { expect, it } from "vitest";
import { reportRefusal } from "../../src/gateway/refusal.ts";
import { Counters } from "../../src/observe/counters.ts";

it("says once what to do about an endpoint that was given no port", () => {
  const lines: string[] = [];
  const context = { counters: new Counters(), log: pino({}, { write: (line: string) => lines.push(line) }) };
  for (let packet = 0; packet < 3; packet++) {
    context.counters.passed[reportRefusal(context, "signalling-ports-exhausted")]++;
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("widen ports.signalling");
});
