import { describe, expect, it } from "vitest";
import { BoundedMap } from "../../src/table/bounded-map.ts";

function entries(map: BoundedMap<string, number>): [string, number][] {
  const values = [...map.values()];
  return [...map.keys()].map((key, index) => [key, values[index] ?? Number.NaN]);
}

describe("a BoundedMap", () => {
  it("of 256 forgets what was set longest ago", () => {
    const map = new BoundedMap<string, number>();
    for (let value = 0; value < 256; value++) map.set(`${value}`, value);
    map.set("0", 1000);
    map.set("new", 2000);
    expect(map.size).toBe(256);
    expect(map.get("1")).toBeUndefined();
    expect(entries(map).slice(0, 1)).toEqual([["2", 2]]);
    expect(entries(map).slice(-3)).toEqual([
      ["255", 255],
      ["0", 1000],
      ["new", 2000],
    ]);
  });

  it("holds and loses its only entry like any other", () => {
    const map = new BoundedMap<string, number>();
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

  it("knows its latest entry, whatever was set and deleted before", () => {
    const map = new BoundedMap<string, number>();
    expect(map.latest).toBeUndefined();
    for (const [value, key] of ["a", "b", "c", "a"].entries()) map.set(key, value);
    expect([map.latestKey, map.latest]).toEqual(["a", 3]);
    map.set("a", 4);
    expect(entries(map)).toEqual([
      ["b", 1],
      ["c", 2],
      ["a", 4],
    ]);
    const copy = map.copy();
    map.delete("a");
    expect([map.latestKey, map.latest, map.get("a")]).toEqual(["c", 2, undefined]);
    map.delete("b");
    map.delete("c");
    expect([entries(map), map.latestKey]).toEqual([[], undefined]);
    map.set("d", 5);
    expect(entries(map)).toEqual([["d", 5]]);
    expect(entries(copy)).toEqual([
      ["b", 1],
      ["c", 2],
      ["a", 4],
    ]);
  });
});
