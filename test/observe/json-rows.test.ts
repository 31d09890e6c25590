import { setImmediate } from "node:timers";
import { describe, expect, it } from "vitest";
import { jsonRows, SLICE } from "../../src/observe/json-rows.ts";

function* numbered(count: number): Generator<object> {
  for (let number = 0; number < count; number++) yield { number };
}

async function slicesOf(count: number): Promise<string[]> {
  const slices: string[] = [];
  for await (const slice of jsonRows(numbered(count))) slices.push(slice);
  return slices;
}

describe("jsonRows", () => {
  it.each([0, 1, SLICE - 1, SLICE, SLICE + 1, 10 * SLICE])(
    "writes %i rows as an array, one a line",
    async (count) => {
      const text = (await slicesOf(count)).join("");
      expect(JSON.parse(text)).toEqual([...numbered(count)]);
      expect(text.split("\n").filter((line) => line.startsWith("{"))).toHaveLength(count);
    },
  );

  it("makes no more rows in one go than a slice has", async () => {
    const slices = await slicesOf(10 * SLICE + 1);
    const rows = slices.map((slice) => slice.match(/number/g)?.length ?? 0);
    expect(rows).toEqual([...Array(10).fill(SLICE), 1]);
  });

  it("lets the event loop turn between two slices", async () => {
    const turns: number[] = [];
    let turn = 0;
    const count = (): void => {
      turn++;
      if (turns.length < 10) setImmediate(count);
    };
    setImmediate(count);
    for await (const _slice of jsonRows(numbered(10 * SLICE))) turns.push(turn);
    expect(new Set(turns).size).toBe(turns.length);
  });
});
