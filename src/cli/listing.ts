import { type Command, InvalidArgumentError } from "commander";
import { canonicalHost } from "../packet/host.ts";
import { type AskOptions, askDaemon, withDaemon } from "./ask-daemon.ts";
import { printable } from "./ladder.ts";

/** A command that lists rows of the daemon's table. */
export interface Listing<Row> {
  readonly path: string;
  /** What the rows can be narrowed to besides an inside address. */
  readonly filters: readonly "call-id"[];
  readonly columns: readonly string[];
  /** The lines of one row, a cell for each column; `now` in milliseconds since the epoch. */
  lines(row: Row, now: number): string[][];
}

interface ListingOptions extends AskOptions {
  readonly inside?: string;
  readonly callId?: string;
}

/** Blanks between two columns. */
const GAP = 2;
/** A column is cut no narrower than this, so that something of it can still be told. */
const NARROWEST = 8;

/** Makes a command of a listing: `--json` prints an array of rows, otherwise a table is printed. */
export function registerListing<Row>(command: Command, listing: Listing<Row>): void {
  withDaemon(command).option("--inside <ip>", "only of the phone with this address", parseHost);
  if (listing.filters.includes("call-id")) command.option("--call-id <id>", "only of this call");
  command.action(async ({ inside, callId, ...options }: ListingOptions) => {
    const query = new URLSearchParams();
    if (inside !== undefined) query.set("inside", inside);
    if (callId !== undefined) query.set("call-id", callId);
    const path = query.size === 0 ? listing.path : `${listing.path}?${query}`;
    await askDaemon<Row[]>(options, path, (rows) => {
      const now = Date.now();
      const lines = rows.flatMap((row) => listing.lines(row, now));
      return table([listing.columns, ...lines], process.stdout.isTTY ? process.stdout.columns : undefined);
    });
  });
}

/**
 * Lines up cells in columns, a line each.
 *
 * @param rows texts that may be from the network: only what a terminal cannot obey is printed of them
 * @param width columns of the terminal, to which the widest cells are cut; undefined cuts none
 */
export function table(rows: readonly (readonly string[])[], width: number | undefined): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = columnWidths(cells, width);
  return cells.map((row) => `${lineOf(row, widths)}\n`).join("");
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, index) => {
      const width = widths[index] ?? 0;
      return (cell.length > width ? `${cell.slice(0, width - 1)}…` : cell).padEnd(width + GAP);
    })
    .join("")
    .trimEnd();
}

function columnWidths(rows: readonly (readonly string[])[], width: number | undefined): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, one) => sum + one + GAP, -GAP) - width;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= NARROWEST) break;
    widths[widths.indexOf(widest)] = widest - 1;
    excess--;
  }
  return widths;
}

function parseHost(text: string): string {
  const host = canonicalHost(text);
  if (host === undefined) {
    throw new InvalidArgumentError(`"${text}" is no IP address; give a phone's, like 192.168.50.10`);
  }
  return host;
}
