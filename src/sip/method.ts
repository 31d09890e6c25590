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
const FIRST_LETTER = 0x41;

/** The one method of each length and first letter. */
const known: (string | undefined)[] = Array.from({ length: (LONGEST + 1) * 32 });
for (const method of METHODS) known[indexOf(method.length, method.charCodeAt(0))] = method;

function indexOf(length: number, first: number): number {
  return length * 32 + first - FIRST_LETTER;
}

/**
 * The method written in `[start, end)`. A registered one is always the same string, which is compared with another
 * by where it is; any other is a slice of the text.
 */
export function methodAt(text: string, start: number, end: number): string {
  const method = known[indexOf(end - start, text.charCodeAt(start))];
  const isKnown = method?.length === end - start && text.startsWith(method, start);
  return isKnown ? method : text.slice(start, end);
}
