import {
  COMMA,
  EQUAL,
  equalsIgnoringCase,
  find,
  isToken,
  QUOTE,
  skipQuoted,
  skipSpace,
} from "./characters.ts";
import { Header, type HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";

const CREDENTIALS: readonly HeaderId[] = [
  Header.authorization,
  Header.proxyAuthorization,
  Header.authenticationInfo,
];

/** True when a digest of the message covers its body: `qop=auth-int` in its credentials (RFC 7616 §3.4.3). */
export function coversBody(message: SipMessage): boolean {
  const { text, headers } = message;
  for (const id of CREDENTIALS) {
    for (let index = headers.first(id); index >= 0; index = headers.next(id, index)) {
      if (hasAuthInt(text, headers.valueStart(index), headers.valueEnd(index))) return true;
    }
  }
  return false;
}

function hasAuthInt(text: string, start: number, end: number): boolean {
  let at = skipScheme(text, start, end);
  while (at < end) {
    const nameStart = skipSpace(text, at, end);
    const equal = find(text, EQUAL, nameStart, end);
    let valueStart = skipSpace(text, equal + 1, end);
    let valueEnd = valueStart;
    if (text.charCodeAt(valueStart) === QUOTE) {
      const behind = skipQuoted(text, valueStart, end);
      if (behind < 0) return false;
      valueEnd = behind - 1;
      valueStart++;
      at = find(text, COMMA, behind, end) + 1;
    } else {
      while (valueEnd < end && isToken(text.charCodeAt(valueEnd))) valueEnd++;
      at = find(text, COMMA, valueEnd, end) + 1;
    }
    const isQop = equalsIgnoringCase(text, nameStart, Math.min(nameStart + 3, equal), "qop");
    if (isQop && equalsIgnoringCase(text, valueStart, valueEnd, "auth-int")) return true;
  }
  return false;
}

/** Offset behind the `Digest` that credentials start with; Authentication-Info starts with a parameter. */
function skipScheme(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && isToken(text.charCodeAt(at))) at++;
  return at < end && text.charCodeAt(skipSpace(text, at, end)) === EQUAL ? start : at;
}
