import { bytesOf } from "./bytes.ts";
import { decimal, findSpace, LESS, SP, skipToken } from "./characters.ts";
import { type OtherUri, type SipUri, scanUri } from "./uri.ts";
import { isWord, word } from "./word.ts";

/** StartLine is a Request-Line or a Status-Line as offsets (RFC 3261 §7.1, §7.2). */
export type StartLine =
  | {
      readonly kind: "request";
      readonly methodEnd: number;
      readonly uriStart: number;
      readonly uriEnd: number;
      readonly uri: SipUri | OtherUri;
    }
  | { readonly kind: "response"; readonly status: number };

const VERSION = word("sip/2.0");

/**
 * Reads the line in `[start, end)`, which is without its line end. Exactly one SP stands between the parts:
 * what else a sender meant by other white space is a guess (RFC 4475 §3.1.2.8 to §3.1.2.10).
 *
 * @returns undefined when it is no start-line of SIP/2.0
 */
export function scanStartLine(text: string, start: number, end: number): StartLine | undefined {
  const bytes = bytesOf(text);
  if (isWord(bytes, start, Math.min(start + VERSION.length, end), VERSION)) {
    return scanStatusLine(bytes, start + VERSION.length, end);
  }
  const methodEnd = skipToken(bytes, start, end);
  const uriStart = methodEnd + 1;
  const uriEnd = end - VERSION.length - 1;
  if (methodEnd === start || uriEnd <= uriStart || bytes[methodEnd] !== SP) return undefined;
  if (findSpace(bytes, uriStart, end) !== uriEnd || bytes[uriEnd] !== SP) return undefined;
  if (!isWord(bytes, uriEnd + 1, end, VERSION)) return undefined;
  const uri = scanRequestUri(text, bytes, uriStart, uriEnd);
  return uri === undefined ? undefined : { kind: "request", methodEnd, uriStart, uriEnd, uri };
}

function scanStatusLine(bytes: Uint8Array, start: number, end: number): StartLine | undefined {
  if (bytes[start] !== SP) return undefined;
  const status = decimal(bytes, start + 1, Math.min(start + 4, end), 699);
  if (status < 100) return undefined;
  const behind = start + 4;
  return behind >= end || bytes[behind] === SP ? { kind: "response", status } : undefined;
}

/** Reads an absolute URI; undefined for one with `<>` or, in SIP, embedded headers (RFC 3261 §19.1.1). */
function scanRequestUri(
  text: string,
  bytes: Uint8Array,
  start: number,
  end: number,
): SipUri | OtherUri | undefined {
  if (bytes[start] === LESS) return undefined;
  const uri = scanUri(text, start, end);
  return uri?.kind === "sip" && uri.parametersEnd !== uri.end ? undefined : uri;
}
