import { expect, test } from "vitest";
import { playIsolated, WELL } from "../native/isolated.ts";

test.each([
  ["once the addon is loaded", "loaded"],
  ["with a queue open", "open"],
  ["with packets that nobody has read", "waiting"],
  ["with a packet held", "holding"],
  ["inside onBatch", "inBatch"],
  ["after the queue was closed, by itself", "closed"],
  ["with a queue that is closed while it exits", "closing"],
  ["with a subscribed socket", "subscribed"],
  ["in the middle of a dump, by itself", "dumping"],
])("a process may exit %s", async (_when, scenario) => {
  expect(await playIsolated("exit-scenarios", scenario)).toEqual(WELL);
});

test("a throw that nobody catches ends the process when its packet has passed", async () => {
  expect(await playIsolated("exit-scenarios", "throwingAlone")).toEqual(WELL);
});
