import { CR, LF } from "./characters.ts";
import type { Span } from "./span.ts";

/**
 * The parts of the multipart body in `[start, end)`, each with its fields, without the line end that belongs to
 * the delimiter behind it (RFC 2046 §5.1.1). The close delimiter may be missing; the last part then ends the body.
 *
 * @param boundary without the two hyphens
 * @returns undefined when the boundary never stands at the start of a line
 */
export function scanParts(text: string, start: number, end: number, boundary: string): Span[] | undefined {
  // The search works on the body alone, so that a boundary that is missing costs no look behind it.
  const body = text.slice(start, end);
  const delimiter = `--${boundary}`;
  let at = nextDelimiter(body, delimiter, 0);
  if (at < 0) return undefined;
  const parts: Span[] = [];
  while (at >= 0 && !body.startsWith("--", at + delimiter.length)) {
    const lineFeed = body.indexOf("\n", at);
    if (lineFeed < 0) break;
    at = nextDelimiter(body, delimiter, lineFeed + 1);
    const partEnd = at < 0 ? body.length : beforeLineEnd(body, at, lineFeed + 1);
    parts.push({ start: start + lineFeed + 1, end: start + partEnd });
  }
  return parts;
}

/** Offset of the next delimiter at the start of a line, from `from` on, or -1. */
function nextDelimiter(body: string, delimiter: string, from: number): number {
  let at = body.indexOf(delimiter, from);
  while (at > 0 && body.charCodeAt(at - 1) !== LF) at = body.indexOf(delimiter, at + 1);
  return at;
}

/** Offset of the line end before `at`, but not before `floor`. */
function beforeLineEnd(body: string, at: number, floor: number): number {
  const lineFeed = Math.max(at - 1, floor);
  return lineFeed > floor && body.charCodeAt(lineFeed - 1) === CR ? lineFeed - 1 : lineFeed;
}
