import type { Readable } from "node:stream";

/**
 * Splits what comes out of a stream into lines, at LF alone: a record may hold every other character that some
 * take for the end of a line. What follows the last LF is a line too, unless it is empty.
 *
 * @returns the lines of each piece that arrives, without their LF
 */
export async function* readLines(stream: Readable): AsyncGenerator<string[]> {
  let rest = "";
  for await (const piece of stream.setEncoding("utf8")) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    yield lines;
  }
  if (rest !== "") yield [rest];
}
