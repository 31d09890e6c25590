import { setImmediate } from "node:timers/promises";

/** Rows made in one go: some milliseconds of work at most. */
export const SLICE = 128;

/**
 * Writes rows as a JSON array, one row a line, in slices of bounded size; between two of them the event loop turns,
 * so that a table of any size does not hold up the packets.
 */
export async function* jsonRows(rows: Iterable<object>): AsyncGenerator<string, void, void> {
  let text = "[";
  let separator = "\n";
  let count = 0;
  for (const row of rows) {
    text += separator + JSON.stringify(row);
    separator = ",\n";
    if (++count % SLICE === 0) {
      yield text;
      text = "";
      await setImmediate();
    }
  }
  yield `${text}${count === 0 ? "" : "\n"}]\n`;
}
