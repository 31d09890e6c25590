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

/**
 * ParameterReader reads one `;name=value` of a header value or a URI after another, and holds the last one. One
 * instance serves them all, so that there is no object per parameter.
 */
export class ParameterReader {
  nameStart = 0;
  nameEnd = 0;
  /** An empty value stands behind the name. It keeps its quotes. */
  valueStart = 0;
  valueEnd = 0;
  /** Offset of the next `;`, or the end of the parameters. */
  end = 0;

  /** Reads the parameter whose `;` stands at `start`; false, and nothing read, when none stands there. */
  read(text: string, start: number, end: number): boolean {
    if (start >= end || text.charCodeAt(start) !== SEMICOLON) return false;
    this.nameStart = skipSpace(text, start + 1, end);
    let at = this.nameStart;
    while (at < end && !endsName(text.charCodeAt(at))) at++;
    this.nameEnd = at;
    at = skipSpace(text, at, end);
    if (at >= end || text.charCodeAt(at) !== EQUAL) {
      this.valueStart = this.valueEnd = this.nameEnd;
      this.end = parameterEnd(text, at, end);
      return true;
    }
    this.valueStart = skipSpace(text, at + 1, end);
    this.end = parameterEnd(text, this.valueStart, end);
    this.valueEnd = trimEnd(text, this.valueStart, this.end);
    return true;
  }

  /** True when the parameter is `name`, which is in lower case. */
  isNamed(text: string, name: string): boolean {
    return equalsIgnoringCase(text, this.nameStart, this.nameEnd, name);
  }
}

function endsName(code: number): boolean {
  return code <= EQUAL && (code === EQUAL || code === SEMICOLON || code === COMMA || isSpace(code));
}

/** Offset of the `;` or `,` that ends the parameter, looking past quoted strings and `<...>`. */
function parameterEnd(text: string, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code > LESS) at++;
    else if (code === SEMICOLON || code === COMMA) return at;
    else at = code === QUOTE || code === LESS ? skipUnit(text, code, at, end) : at + 1;
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

const parameter = new ParameterReader();

/** The value of parameter `name` (lower case) among those that start at `start`; undefined when absent. */
export function findParameter(text: string, start: number, end: number, name: string): Span | undefined {
  let at = skipSpace(text, start, end);
  while (parameter.read(text, at, end)) {
    if (parameter.isNamed(text, name)) return { start: parameter.valueStart, end: parameter.valueEnd };
    at = parameter.end;
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
