import {
  COMMA,
  EQUAL,
  equalsIgnoringCase,
  find,
  GREATER,
  isSpace,
  LESS,
  QUOTE,
  SEMICOLON,
  skipQuoted,
  skipSpace,
  trimEnd,
} from "./characters.ts";
import type { Span } from "./span.ts";

/** Parameter is one `;name=value` of a header value or a URI; an empty value span stands behind the name. */
export interface Parameter {
  readonly nameStart: number;
  readonly nameEnd: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Offset of the next `;`, or the end of the parameters. */
  readonly end: number;
}

/**
 * Reads the parameter whose `;` stands at `start`; the value keeps its quotes.
 *
 * @returns undefined when no `;` stands there
 */
export function scanParameter(text: string, start: number, end: number): Parameter | undefined {
  if (start >= end || text.charCodeAt(start) !== SEMICOLON) return undefined;
  const nameStart = skipSpace(text, start + 1, end);
  let at = nameStart;
  while (at < end && !endsName(text.charCodeAt(at))) at++;
  const nameEnd = at;
  at = skipSpace(text, at, end);
  if (at >= end || text.charCodeAt(at) !== EQUAL) {
    const stop = parameterEnd(text, at, end);
    return { nameStart, nameEnd, valueStart: nameEnd, valueEnd: nameEnd, end: stop };
  }
  const valueStart = skipSpace(text, at + 1, end);
  const stop = parameterEnd(text, valueStart, end);
  return { nameStart, nameEnd, valueStart, valueEnd: trimEnd(text, valueStart, stop), end: stop };
}

function endsName(code: number): boolean {
  return code <= EQUAL && (code === EQUAL || code === SEMICOLON || code === COMMA || isSpace(code));
}

/** Offset of the `;` or `,` that ends the parameter, looking past quoted strings and `<...>`. */
function parameterEnd(text: string, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === SEMICOLON || code === COMMA) return at;
    at = code === QUOTE || code === LESS ? skipUnit(text, code, at, end) : at + 1;
  }
  return end;
}

/** Offset behind the quoted string or the `<...>` that `code` begins at `at`; unclosed ones run to `end`. */
function skipUnit(text: string, code: number, at: number, end: number): number {
  if (code === LESS) return Math.min(find(text, GREATER, at, end) + 1, end);
  const behind = skipQuoted(text, at, end);
  return behind < 0 ? end : behind;
}

/**
 * Offset of the comma that ends the header value which continues at `start`, or `end` (RFC 3261 §7.3.1): commas
 * in quoted strings and in `<...>` belong to the value.
 */
export function valueEndOf(text: string, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === COMMA) return at;
    at = code === QUOTE || code === LESS ? skipUnit(text, code, at, end) : at + 1;
  }
  return end;
}

/** The value of parameter `name` (lower case) among those that start at `start`; undefined when absent. */
export function findParameter(text: string, start: number, end: number, name: string): Span | undefined {
  let at = skipSpace(text, start, end);
  for (let found = scanParameter(text, at, end); found !== undefined; found = scanParameter(text, at, end)) {
    if (equalsIgnoringCase(text, found.nameStart, found.nameEnd, name)) {
      return { start: found.valueStart, end: found.valueEnd };
    }
    at = found.end;
  }
  return undefined;
}

/** The text of parameter `name`, without the quotes around it; undefined when absent. */
export function parameterText(text: string, start: number, end: number, name: string): string | undefined {
  const span = findParameter(text, start, end, name);
  if (span === undefined) return undefined;
  const quoted = text.charCodeAt(span.start) === QUOTE && span.end - span.start >= 2;
  return quoted ? text.slice(span.start + 1, span.end - 1) : text.slice(span.start, span.end);
}
