import { decimal, equalsIgnoringCase, isSpace, isToken, LESS, SP } from "./characters.ts";
import { scanUri } from "./uri.ts";

/** StartLine is a Request-Line or a Status-Line as offsets (RFC 3261 §7.1, §7.2). */
export type StartLine =
  | {
      readonly kind: "request";
      readonly methodEnd: number;
      readonly uriStart: number;
      readonly uriEnd: number;
    }
  | { readonly kind: "response"; readonly status: number };

const VERSION = "sip/2.0";

/**
 * Reads the line in `[start, end)`, which is without its line end. Exactly one SP stands between the parts:
 * what else a sender meant by other white space is a guess (RFC 4475 §3.1.2.8 to §3.1.2.10).
 *
 * @returns undefined when it is no start-line of SIP/2.0
 */
export function scanStartLine(text: string, start: number, end: number): StartLine | undefined {
  if (equalsIgnoringCase(text, start, Math.min(start + VERSION.length, end), VERSION)) {
    return scanStatusLine(text, start + VERSION.length, end);
  }
  let methodEnd = start;
  while (methodEnd < end && isToken(text.charCodeAt(methodEnd))) methodEnd++;
  const uriStart = methodEnd + 1;
  const uriEnd = end - VERSION.length - 1;
  if (methodEnd === start || uriEnd <= uriStart) return undefined;
  if (text.charCodeAt(methodEnd) !== SP || text.charCodeAt(uriEnd) !== SP) return undefined;
  if (!equalsIgnoringCase(text, uriEnd + 1, end, VERSION)) return undefined;
  for (let at = uriStart; at < uriEnd; at++) if (isSpace(text.charCodeAt(at))) return undefined;
  return isRequestUri(text, uriStart, uriEnd) ? { kind: "request", methodEnd, uriStart, uriEnd } : undefined;
}

function scanStatusLine(text: string, start: number, end: number): StartLine | undefined {
  if (text.charCodeAt(start) !== SP) return undefined;
  const status = decimal(text, start + 1, Math.min(start + 4, end), 699);
  if (status < 100) return undefined;
  const behind = start + 4;
  return behind >= end || text.charCodeAt(behind) === SP ? { kind: "response", status } : undefined;
}

/** True for an absolute URI without `<>` and, in SIP, embedded headers (RFC 3261 §19.1.1). */
function isRequestUri(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) === LESS) return false;
  const uri = scanUri(text, start, end);
  return uri !== undefined && (uri.kind === "other" || uri.parametersEnd === uri.end);
}
