import { expect, test } from "vitest";
import { playIsolated, WELL } from "../native/isolated.ts";

test.each([
  ["events come in order and to their group's subscribers alone", "events"],
  ["events that were lost are reported once, and later ones still come", "overrun"],
  ["a subscription hands on at most 16 buffers in a turn of the event loop", "eventBound"],
  ["a filter decides which events come", "filtered"],
  ["a subscribed socket takes no requests", "subscribedOnly"],
  ["a subscription may be closed inside its callback", "closeInside"],
  ["a callback that throws is reported, and the subscription goes on", "throwing"],
])("%s", async (_title, scenario) => {
  expect(await playIsolated("event-scenarios", scenario)).toEqual(WELL);
});
