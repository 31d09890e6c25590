import { bytesOf } from "./bytes.ts";
import {
  COMMA,
  EQUAL,
  find,
  findDelimiter,
  findNameEnd,
  GREATER,
  LESS,
  QUOTE,
  SEMICOLON,
  skipQuoted,
  skipSpace,
  trimEnd,
} from "./characters.ts";
import type { Span } from "./span.ts";
import { isWord, type Word } from "./word.ts";

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
  read(bytes: Uint8Array, start: number, end: number): boolean {
    if (start >= end || bytes[start] !== SEMICOLON) return false;
    const nameStart = skipSpace(bytes, start + 1, end);
    const nameEnd = findNameEnd(bytes, nameStart, end);
    const behind = skipSpace(bytes, nameEnd, end);
    this.nameStart = nameStart;
    this.nameEnd = nameEnd;
    if (behind < end && bytes[behind] === EQUAL) {
      this.valueStart = skipSpace(bytes, behind + 1, end);
      this.end = parameterEnd(bytes, this.valueStart, end);
      this.valueEnd = trimEnd(bytes, this.valueStart, this.end);
    } else {
      this.valueStart = this.valueEnd = nameEnd;
      this.end = parameterEnd(bytes, behind, end);
    }
    return true;
  }

  /** True when the parameter is `name`, which is in lower case. */
  isNamed(bytes: Uint8Array, name: Word): boolean {
    return isWord(bytes, this.nameStart, this.nameEnd, name);
  }
}

/** Offset of the `;` or `,` that ends the parameter, looking past quoted strings and `<...>`. */
function parameterEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = findDelimiter(bytes, start, end);
  while (at < end && (bytes[at] === QUOTE || bytes[at] === LESS)) {
    at = findDelimiter(bytes, skipUnit(bytes, at, end), end);
  }
  return at;
}

/** Offset behind the quoted string or the `<...>` that begins at `at`; unclosed ones run to `end`. */
function skipUnit(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === LESS) return Math.min(find(bytes, GREATER, at, end) + 1, end);
  const behind = skipQuoted(bytes, at, end);
  return behind < 0 ? end : behind;
}

/**
 * Offset of the comma that ends the header value which continues at `start`, or `end` (RFC 3261 §7.3.1): commas
 * in quoted strings and in `<...>` belong to the value.
 */
export function valueEndOf(bytes: Uint8Array, start: number, end: number): number {
  let at = parameterEnd(bytes, start, end);
  while (at < end && bytes[at] !== COMMA) at = parameterEnd(bytes, at + 1, end);
  return at;
}

const parameter = new ParameterReader();

/** The value of parameter `name` (lower case) among those that start at `start`; undefined when absent. */
export function findParameter(text: string, start: number, end: number, name: Word): Span | undefined {
  if (start >= end) return undefined;
  const bytes = bytesOf(text);
  let at = skipSpace(bytes, start, end);
  while (parameter.read(bytes, at, end)) {
    if (parameter.isNamed(bytes, name)) return { start: parameter.valueStart, end: parameter.valueEnd };
    at = parameter.end;
  }
  return undefined;
}

/** The text of parameter `name`, without the quotes around it; undefined when absent. */
export function parameterText(text: string, start: number, end: number, name: Word): string | undefined {
  const span = findParameter(text, start, end, name);
  if (span === undefined) return undefined;
  const quoted = bytesOf(text)[span.start] === QUOTE && span.end - span.start >= 2;
  return quoted ? text.slice(span.start + 1, span.end - 1) : text.slice(span.start, span.end);
}
