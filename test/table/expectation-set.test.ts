import { describe, expect, it } from "vitest";
import { ExpectationSet } from "../../src/table/expectation-set.ts";
import { ANY_SOURCE, FROM_ANY, type Wanted } from "../../src/table/wanted.ts";

const from = (source: string): Wanted => ({ direction: "inbound", source });
const to = (port: number): Wanted => ({ direction: "outbound", remote: { host: "203.0.113.3", port } });

describe("an ExpectationSet", () => {
  it("has each expectation once, by what it says and not by which object it is", () => {
    const set = new ExpectationSet();
    set.addAll([to(1), to(2), to(1)]);
    expect([...set.keys()]).toEqual(["out 203.0.113.3 2", "out 203.0.113.3 1"]);
    set.addAll([FROM_ANY, to(2)]);
    expect([...set.keys()]).toEqual(["out 203.0.113.3 1", ANY_SOURCE, "out 203.0.113.3 2"]);
    expect([set.size, set.has(ANY_SOURCE), set.holds(to(2)), set.holds(to(3))]).toEqual([
      3,
      true,
      true,
      false,
    ]);
  });

  it("leaves the list that was added as it is", () => {
    const set = new ExpectationSet();
    const wanted = [FROM_ANY, from("203.0.113.3")];
    set.addAll(wanted);
    set.remove(FROM_ANY);
    expect(set.delete("in 203.0.113.3")).toBe(true);
    expect(set.delete("in 203.0.113.3")).toBe(false);
    expect([set.size, wanted.length]).toEqual([0, 2]);
  });

  it("tells what it has too many of, and what it lacks", () => {
    const set = new ExpectationSet();
    set.addAll([FROM_ANY, to(1)]);
    expect(set.except([to(1), to(2)])).toEqual([FROM_ANY]);
    expect(set.lacksOf([to(1), to(2)])).toEqual([to(2)]);
    expect([set.except([to(1), FROM_ANY]), set.lacksOf([to(1)])]).toEqual([[], []]);
    set.clear();
    expect(set.lacksOf([to(1)])).toEqual([to(1)]);
  });
});
