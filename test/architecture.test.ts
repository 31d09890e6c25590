import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const SOURCE = fileURLToPath(new URL("../src", import.meta.url));

/** What the files of each folder may import of the others, types included. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  packet: [],
  sip: ["packet"],
  sdp: ["sip", "packet"],
  translate: ["sip", "sdp", "packet"],
  table: ["sip", "packet"],
  store: ["table", "sip", "packet"],
  capture: ["packet"],
  kernel: ["packet"],
  rules: ["packet"],
  observe: [],
  config: [],
  gateway: ["config", "observe", "translate", "table", "store", "kernel", "sip", "sdp", "packet"],
  replay: ["gateway", "config", "observe", "translate", "table", "capture", "sip", "packet"],
  cli: "replay gateway config observe rules translate store capture kernel sip packet".split(" "),
};
/** Folders of the packet path, which imports no library but its log. */
const PACKET_PATH = ["packet", "sip", "sdp", "translate", "table", "kernel", "gateway"];
const LOG = "pino";

interface Import {
  readonly from: string;
  /** A path below src, or the name of a package. */
  readonly to: string;
  readonly isLocal: boolean;
}

const imports: readonly Import[] = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((from) => {
    const text = readFileSync(join(SOURCE, from), "utf8");
    const found = text.matchAll(/^(?:import|export)(?: type)? (?:[\w\s{},*]+ from )?"([^"]+)";/gm);
    return [...found].map(([, to = ""]) => {
      const isLocal = to.startsWith(".");
      return { from, to: isLocal ? join(dirname(from), to) : to, isLocal };
    });
  });

const folderOf = (path: string): string => dirname(path).split("/")[0] ?? "";
const named = ({ from, to }: Import): string => `${from} imports ${to}`;

it("has arrows that run one way: cli, replay, gateway, what it works with, what reads bytes", () => {
  const across = imports.filter(({ from, to, isLocal }) => isLocal && folderOf(to) !== folderOf(from));
  expect(across.length).toBeGreaterThan(200);
  // What stands in src itself belongs to all.
  const wrong = across.filter(({ from, to }) => {
    const folder = folderOf(to);
    return folder !== "." && ARROWS[folderOf(from)]?.includes(folder) !== true;
  });
  expect(wrong.map(named)).toEqual([]);
});

it("has no circle of files, types included", () => {
  const needs = imports.filter(({ isLocal }) => isLocal);
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" -> "));
    else if (!done.has(file)) {
      for (const { from, to } of needs) if (from === file) visit(to, [...path, file]);
      done.add(file);
    }
  };
  for (const { from } of needs) visit(from, []);
  expect(circles).toEqual([]);
});

it("has a packet path that imports no library but the log", () => {
  const libraries = imports.filter(
    ({ from, to, isLocal }) =>
      PACKET_PATH.includes(folderOf(from)) && !isLocal && !to.startsWith("node:") && to !== LOG,
  );
  expect(libraries.map(named)).toEqual([]);
});

it("has an arrow for every folder", () => {
  const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.map(({ name }) => name).sort()).toEqual(Object.keys(ARROWS).sort());
});
