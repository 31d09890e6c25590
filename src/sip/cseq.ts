import { decimal, isDigit, isToken, skipSpace } from "./characters.ts";

/** CSeq is the sequence number and where the method stands (RFC 3261 §20.16). */
export interface CSeq {
  readonly number: number;
  readonly methodStart: number;
  readonly methodEnd: number;
}

/** The largest CSeq number: it MUST be less than 2**31 (RFC 3261 §8.1.1.5). */
const LARGEST = 2 ** 31 - 1;

/** Reads the CSeq value in `[start, end)`; undefined when it is none. */
export function scanCSeq(text: string, start: number, end: number): CSeq | undefined {
  let at = start;
  while (at < end && isDigit(text.charCodeAt(at))) at++;
  const number = decimal(text, start, at, LARGEST);
  const methodStart = skipSpace(text, at, end);
  if (number < 0 || methodStart === at || methodStart === end) return undefined;
  at = methodStart;
  while (at < end && isToken(text.charCodeAt(at))) at++;
  return at === end ? { number, methodStart, methodEnd: end } : undefined;
}
