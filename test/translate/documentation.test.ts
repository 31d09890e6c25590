import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const TEXT = readFileSync(new URL("docs/translation.md", ROOT), "utf8");

/** The rows of the table under a heading of docs/translation.md, without its head. */
function table(heading: string): string[][] {
  const section = TEXT.slice(TEXT.indexOf(`## ${heading}\n`)).split("\n## ")[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("| "));
  const cells = (row: string): string[] =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  return rows.slice(1).map(cells);
}

/** The titles of a test file: the string that follows describe(, it(, test(, and the ( behind it.each(...). */
function titles(file: string): string[] {
  const source = readFileSync(new URL(file, ROOT), "utf8");
  return [...source.matchAll(/(?:\b(?:describe|it|test)|\))\(\s*"((?:[^"\\]|\\.)*)"/g)].map(
    ([, title = ""]) => title,
  );
}

/** "sdp: keeps its hold" is of test/translate/sdp.test.ts, "lab/hold: ..." of test/lab/hold.test.ts. */
function tested(cell: string): { readonly file: string; readonly words: string }[] {
  return cell.split("; ").map((name) => {
    const [, file = "", words = ""] = /^([\w/-]+): (.+)$/.exec(name) ?? [];
    return { file: `test/${file.includes("/") ? file : `translate/${file}`}.test.ts`, words };
  });
}

const PLACES = table("Places").flatMap(([place = "", , , cell = ""]) =>
  tested(cell).map((name) => ({ place, ...name })),
);

test.each(PLACES)("the test of $place is in $file: $words", ({ file, words }) => {
  expect(words).not.toBe("");
  expect(titles(file).some((title) => title.includes(words))).toBe(true);
});

test.each(table("Whole calls"))("%s (%s) has its lab test: %s", (_case, _rfc, names = "") => {
  for (const name of names.split(", "))
    expect(existsSync(new URL(`test/lab/${name}.test.ts`, ROOT)), name).toBe(true);
});

test("every row of the tables is looked at", () => {
  expect(PLACES.length).toBeGreaterThan(30);
  expect(table("Whole calls").length).toBeGreaterThan(10);
});
