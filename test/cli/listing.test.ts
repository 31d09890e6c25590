import { describe, expect, it } from "vitest";
import { table } from "../../src/cli/listing.ts";
import { ending, span } from "../../src/cli/span.ts";

describe("a table", () => {
  const rows = [
    ["CALL-ID", "AGE"],
    ["3848276298220188511@atlanta.example.com", "1m05s"],
    ["short", "2s"],
  ];

  it("lines up its columns, a row a line, without blanks at the end", () => {
    expect(table(rows, undefined).split("\n")).toEqual([
      "CALL-ID                                  AGE",
      "3848276298220188511@atlanta.example.com  1m05s",
      "short                                    2s",
      "",
    ]);
  });

  it("fits the terminal: its widest cells are cut", () => {
    expect(table(rows, 20).split("\n")).toEqual([
      "CALL-ID        AGE",
      "384827629822…  1m05s",
      "short          2s",
      "",
    ]);
  });

  it("cuts no cell to nothing, however narrow the terminal is", () => {
    expect(table(rows, 1)).toContain("3848276…  1m05s\n");
  });

  it("prints nothing that a terminal obeys", () => {
    expect(table([["\u001b[2J\u009b2Jx\ny"]], undefined)).toBe("?[2J?2Jx?y\n");
  });
});

it.each([
  [-5, "0s"],
  [59_499, "59s"],
  [59_500, "1m00s"],
  [3_599_000, "59m59s"],
  [5_400_000, "1h30m"],
  [86_400_000, "1d00h"],
])("%i ms is %s", (milliseconds, text) => {
  expect(span(milliseconds)).toBe(text);
});

it("an end is said with its reason, or what keeps it off", () => {
  const at = "2026-01-01T00:01:00.000Z";
  const now = Date.parse(at) - 30_000;
  expect(ending({ at, why: "unanswered" }, "while media flows", now)).toBe("in 30s: unanswered");
  expect(ending(null, "while media flows", now)).toBe("while media flows");
});
