/** Word is a text in the form in which bytes are compared with it. */
export type Word = Uint8Array;

/** The word that `text` is, of latin1 characters; in lower case for `isWord`. */
export function word(text: string): Word {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** True when `[start, end)` reads `lower` in any case; `lower` is in lower case. */
export function isWord(bytes: Uint8Array, start: number, end: number, lower: Word): boolean {
  if (end - start !== lower.length) return false;
  for (let index = 0; index < lower.length; index++) {
    const code = bytes[start + index] ?? 0;
    const wanted = lower[index] ?? 0;
    if (code !== wanted && ((code | 0x20) !== wanted || wanted < 0x61 || wanted > 0x7a)) return false;
  }
  return true;
}

/** True when `[start, end)` reads `expected`, in its case. */
export function equalsWord(bytes: Uint8Array, start: number, end: number, expected: Word): boolean {
  if (end - start !== expected.length) return false;
  for (let index = 0; index < expected.length; index++) {
    if (bytes[start + index] !== expected[index]) return false;
  }
  return true;
}

/** True when `[start, end)` reads exactly as what begins at `other`. */
export function isSame(bytes: Uint8Array, start: number, end: number, other: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== bytes[other + at - start]) return false;
  return true;
}
