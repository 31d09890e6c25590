import { bytesOf } from "./bytes.ts";
import { decimal, find, SEMICOLON, trimEnd } from "./characters.ts";
import { LARGEST_SECONDS } from "./expires.ts";
import { Header } from "./header-names.ts";
import type { SipMessage } from "./message.ts";

/** The session interval of Session-Expires in seconds (RFC 4028 §4); undefined without one that can be read. */
export function sessionExpires(message: SipMessage): number | undefined {
  const { text, headers } = message;
  const index = headers.first(Header.sessionExpires);
  if (index < 0) return undefined;
  const bytes = bytesOf(text);
  const start = headers.valueStart(index);
  const end = trimEnd(bytes, start, find(bytes, SEMICOLON, start, headers.valueEnd(index)));
  const seconds = decimal(bytes, start, end, LARGEST_SECONDS);
  return seconds < 0 ? undefined : seconds;
}
