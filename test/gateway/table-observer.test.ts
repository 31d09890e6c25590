import { expect, it } from "vitest";
import { observeTable } from "../../src/gateway/table-observer.ts";
import { Counters } from "../../src/observe/counters.ts";
import { LogBudget } from "../../src/observe/log.ts";
import { unobserved } from "../../src/table/observer.ts";
import { collectLog } from "../store/collect-log.ts";
import { makeCalls } from "../table/make-calls.ts";

it("a call that is dropped because its host has too many is said in the log, and one that ends is not", () => {
  const { log, lines } = collectLog();
  const { calls, bindingOf } = makeCalls();
  const observer = observeTable(new Counters(), log, new LogBudget(log), () => 0, unobserved);
  const call = calls.life.of(bindingOf("192.168.50.10"), "dropped", 0, "203.0.113.2");
  observer.callEnded(call, "bye");
  observer.callEnded(call, "too-many-unanswered");
  const said = lines.filter(({ level }) => level === 40);
  expect(said).toMatchObject([{ callId: "dropped", remote: "203.0.113.2" }]);
});
