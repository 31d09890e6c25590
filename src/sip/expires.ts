import { bytesOf } from "./bytes.ts";
import { Header } from "./header-names.ts";
import type { SipMessage } from "./message.ts";

/** The largest delta-seconds (RFC 3261 §20.19). */
export const LARGEST_SECONDS = 2 ** 32 - 1;

/** Seconds that a malformed expiry is taken for (RFC 3261 §20.10). */
const MALFORMED = 3600;

/**
 * The Expires field in seconds, read as `deltaSeconds` reads; undefined when there is none (RFC 3261 §20.19).
 */
export function expires(message: SipMessage): number | undefined {
  const { text, headers } = message;
  const index = headers.first(Header.expires);
  return index < 0 ? undefined : deltaSeconds(text, headers.valueStart(index), headers.valueEnd(index));
}

/**
 * The expiry written in `[start, end)`: 3600 when it is no number, 2^32-1 when it is larger (RFC 3261
 * §20.10).
 */
export function deltaSeconds(text: string, start: number, end: number): number {
  if (start >= end) return MALFORMED;
  const bytes = bytesOf(text);
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return MALFORMED;
    value = Math.min(value * 10 + digit, LARGEST_SECONDS);
  }
  return value;
}
