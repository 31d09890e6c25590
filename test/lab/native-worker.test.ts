import { expect, test } from "vitest";
import { playIsolated, WELL } from "../native/isolated.ts";

test.each([
  ["a worker's queue and the main thread's live side by side", "beside"],
  ["a worker that is terminated gives back its queue and its descriptors", "terminated"],
  ["packets pass when their worker is terminated inside onBatch", "terminatedInBatch"],
  ["packets that a worker held pass when it is terminated", "terminatedHolding"],
  ["a throw in a worker is the worker's error, and its packet passes", "throwing"],
  ["a worker ends by itself once its queue is closed", "ending"],
])("%s", async (_title, scenario) => {
  expect(await playIsolated("worker-scenarios", scenario)).toEqual(WELL);
});
