import { bytesOf } from "./bytes.ts";
import { COMMA, EQUAL, find, QUOTE, skipQuoted, skipSpace, skipToken } from "./characters.ts";
import { Header, type HeaderId } from "./header-names.ts";
import type { SipMessage } from "./message.ts";
import { isWord, word } from "./word.ts";

const CREDENTIALS: readonly HeaderId[] = [
  Header.authorization,
  Header.proxyAuthorization,
  Header.authenticationInfo,
];

const QOP = word("qop");
const AUTH_INT = word("auth-int");

/** True when a digest of the message covers its body: `qop=auth-int` in its credentials (RFC 7616 §3.4.3). */
export function coversBody(message: SipMessage): boolean {
  const { text, headers } = message;
  for (const id of CREDENTIALS) {
    for (let index = headers.first(id); index >= 0; index = headers.next(id, index)) {
      if (hasAuthInt(bytesOf(text), headers.valueStart(index), headers.valueEnd(index))) return true;
    }
  }
  return false;
}

function hasAuthInt(bytes: Uint8Array, start: number, end: number): boolean {
  let at = skipScheme(bytes, start, end);
  while (at < end) {
    const nameStart = skipSpace(bytes, at, end);
    const equal = find(bytes, EQUAL, nameStart, end);
    let valueStart = skipSpace(bytes, equal + 1, end);
    let valueEnd = valueStart;
    if (bytes[valueStart] === QUOTE) {
      const behind = skipQuoted(bytes, valueStart, end);
      if (behind < 0) return false;
      valueEnd = behind - 1;
      valueStart++;
      at = find(bytes, COMMA, behind, end) + 1;
    } else {
      valueEnd = skipToken(bytes, valueStart, end);
      at = find(bytes, COMMA, valueEnd, end) + 1;
    }
    const isQop = isWord(bytes, nameStart, Math.min(nameStart + 3, equal), QOP);
    if (isQop && isWord(bytes, valueStart, valueEnd, AUTH_INT)) return true;
  }
  return false;
}

/** Offset behind the `Digest` that credentials start with; Authentication-Info starts with a parameter. */
function skipScheme(bytes: Uint8Array, start: number, end: number): number {
  const at = skipToken(bytes, start, end);
  return at < end && bytes[skipSpace(bytes, at, end)] === EQUAL ? start : at;
}
