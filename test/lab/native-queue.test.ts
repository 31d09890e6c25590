import { expect, test } from "vitest";
import { playIsolated, WELL } from "../native/isolated.ts";

test.each([
  ["a packet that onBatch leaves alone arrives as it was, and its row describes it", "untouched"],
  ["packets replaced by longer and shorter ones arrive as replaced", "replaced"],
  ["a packet that is dropped does not arrive", "dropped"],
  ["a row tells the packet's mark", "marked"],
  ["a held packet gets its verdict later, and only one", "held"],
  ["an impossible row lets its packet pass unmodified and is counted", "impossible"],
  ["a packet larger than its slot passes unmodified and is counted", "truncated"],
  ["the largest packets of IPv4 pass, and a replacement may be as large as an attribute", "huge"],
  ["a flood takes at most 16 batches of a turn of the event loop", "flooded"],
  ["packets that come fast are gathered in a pause, several for one wake-up", "gathered"],
  ["packets that come slowly are read one by one", "alone"],
  ["a receive buffer that overruns is counted, and the queue goes on", "overrun"],
  ["packets of several batches keep their order", "order"],
])("%s", async (_title, scenario) => {
  expect(await playIsolated("queue-scenarios", scenario)).toEqual(WELL);
});
