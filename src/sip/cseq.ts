import { bytesOf } from "./bytes.ts";
import { decimal, skipDigits, skipSpace, skipToken } from "./characters.ts";

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
  const bytes = bytesOf(text);
  const numberEnd = skipDigits(bytes, start, end);
  const number = decimal(bytes, start, numberEnd, LARGEST);
  const methodStart = skipSpace(bytes, numberEnd, end);
  if (number < 0 || methodStart === numberEnd || methodStart === end) return undefined;
  return skipToken(bytes, methodStart, end) === end ? { number, methodStart, methodEnd: end } : undefined;
}
