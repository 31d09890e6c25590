import { bytesOf } from "./bytes.ts";
import { equalsWord, type Word, word } from "./word.ts";

/** The methods that are registered (RFC 3261, 3262, 3265, 3311, 3428, 3515, 3903, 6086). */
const METHODS = [
  "ACK",
  "BYE",
  "CANCEL",
  "INFO",
  "INVITE",
  "MESSAGE",
  "NOTIFY",
  "OPTIONS",
  "PRACK",
  "PUBLISH",
  "REFER",
  "REGISTER",
  "SUBSCRIBE",
  "UPDATE",
] as const;

const LONGEST = 9;

interface Known {
  readonly method: string;
  readonly word: Word;
}

/** The one method of each length and first letter. */
const known: (Known | undefined)[] = Array.from({ length: (LONGEST + 1) * 32 });
for (const method of METHODS) {
  known[place(method.length, method.charCodeAt(0))] = { method, word: word(method) };
}

function place(length: number, first: number): number {
  return (length << 5) | (first & 31);
}

/**
 * The method written in `[start, end)`. A registered one is always the same string, which is compared with another
 * by where it is; any other is a slice of the text.
 */
export function methodAt(text: string, start: number, end: number): string {
  if (end - start > LONGEST) return text.slice(start, end);
  const bytes = bytesOf(text);
  const candidate = known[place(end - start, bytes[start] ?? 0)];
  const isKnown = candidate !== undefined && equalsWord(bytes, start, end, candidate.word);
  return isKnown ? candidate.method : text.slice(start, end);
}
