import { describe, expect, it } from "vitest";
import { BoundedMap } from "../../src/table/bounded-map.ts";

function entries(map: BoundedMap<string, number>): [string, number][] {
  const values = [...map.values()];
  return [...map.keys()].map((key, index) => [key, values[index] ?? Number.NaN]);
}

describe("a BoundedMap", () => {
  it.each([1, 2, 3])("of %i forgets what was set longest ago", (most) => {
    const map = new BoundedMap<string, number>(most);
    for (const [value, key] of ["a", "b", "a", "c", "d"].entries()) map.set(key, value);
    const latest: [string, number][] = [
      ["a", 2],
      ["c", 3],
      ["d", 4],
    ];
    expect(entries(map)).toEqual(latest.slice(-most));
    expect(map.size).toBe(most);
    expect(map.get("b")).toBeUndefined();
  });

  it("holds and loses its only entry like any other", () => {
    const map = new BoundedMap<string, number>(4);
    expect([entries(map), map.size, map.get("a")]).toEqual([[], 0, undefined]);
    map.set("a", 1);
    map.delete("b");
    expect(entries(map)).toEqual([["a", 1]]);
    map.delete("a");
    expect([entries(map), map.size]).toEqual([[], 0]);
    map.set("b", 2);
    map.set("c", 3);
    map.delete("b");
    expect(entries(map)).toEqual([["c", 3]]);
    map.clear();
    expect([entries(map), map.size]).toEqual([[], 0]);
  });
});
