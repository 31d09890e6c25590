/** Figures under their titles, as text. */
export interface FigureTable {
  /** As docs/scale.md names it. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: ReadonlyArray<readonly string[]>;
}

/** Prints a table for a person. */
export function printAligned({ title, columns, rows }: FigureTable): void {
  const line = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(10)).join("");
  process.stdout.write(`${[title, line(columns), ...rows.map(line)].join("\n")}\n\n`);
}

/** Prints a table as one line of JSON, for gateway/page.js. */
export function printJson(table: FigureTable): void {
  process.stdout.write(`${JSON.stringify({ kind: "table", ...table })}\n`);
}
