import { bytesOf } from "./bytes.ts";
import { findDelimiter, findSpace } from "./characters.ts";
import { scanAddressSpan } from "./name-address.ts";
import { parameterText, valueEndOf } from "./parameters.ts";
import { isWord, word } from "./word.ts";

const USUAL = word(";tag=");
const TAG = word("tag");

/**
 * The tag of the From or To in `[start, end)` as it is written (RFC 3261 §20.20, §20.39).
 *
 * @returns "" when there is none; undefined when the field breaks RFC 3261 §25.1 or holds more than one value
 */
export function scanTag(text: string, start: number, end: number): string | undefined {
  const address = scanAddressSpan(text, start, end);
  if (address === undefined) return undefined;
  const { parametersStart } = address;
  if (parametersStart === end) return "";
  const bytes = bytesOf(text);
  // In nearly every message the tag is the only parameter, and plain.
  const value = parametersStart + USUAL.length;
  if (isWord(bytes, parametersStart, value, USUAL) && isPlain(bytes, value, end))
    return text.slice(value, end);
  if (valueEndOf(bytes, parametersStart, end) !== end) return undefined;
  return parameterText(text, parametersStart, end, TAG) ?? "";
}

function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  return findDelimiter(bytes, start, end) === end && findSpace(bytes, start, end) === end;
}
