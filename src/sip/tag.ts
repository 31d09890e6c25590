import { COMMA, EQUAL, isSpace, LESS, QUOTE, SEMICOLON } from "./characters.ts";
import { scanAddressSpan } from "./name-address.ts";
import { parameterText, valueEndOf } from "./parameters.ts";

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
  const value = onlyTag(text, parametersStart, end);
  if (value >= 0) return text.slice(value, end);
  if (valueEndOf(text, parametersStart, end) !== end) return undefined;
  return parameterText(text, parametersStart, end, "tag") ?? "";
}

const USUAL = ";tag=";

/** Offset of the tag when nothing else stands in `[start, end)`, as in nearly every message; -1 for anything else. */
function onlyTag(text: string, start: number, end: number): number {
  const value = start + USUAL.length;
  if (!text.startsWith(USUAL, start)) return -1;
  for (let at = value; at < end; at++) if (isDelimiter(text.charCodeAt(at))) return -1;
  return value;
}

/** True for what ends a parameter, and for what hides its end. */
function isDelimiter(code: number): boolean {
  if (code > EQUAL) return false;
  return code === SEMICOLON || code === COMMA || code === QUOTE || code === LESS || isSpace(code);
}
