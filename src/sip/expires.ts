import { decimal } from "./characters.ts";
import { Header } from "./header-names.ts";
import type { SipMessage } from "./message.ts";

/** The largest delta-seconds (RFC 3261 §20.19). */
export const LARGEST_SECONDS = 2 ** 32 - 1;

/** The Expires field in seconds; undefined when there is none (RFC 3261 §20.19). */
export function expires(message: SipMessage): number | undefined {
  const { text, headers } = message;
  const index = headers.first(Header.expires);
  if (index < 0) return undefined;
  const seconds = decimal(text, headers.valueStart(index), headers.valueEnd(index), LARGEST_SECONDS);
  return seconds < 0 ? undefined : seconds;
}
