import { bytesOf } from "./bytes.ts";
import { CR, LF } from "./characters.ts";
import { endOfLine, scanFields } from "./fields.ts";
import { HeaderTable } from "./headers.ts";
import { isKeepAlive, isStun } from "./keep-alive.ts";
import type { SipMessage } from "./message.ts";
import { type NotSip, notSip } from "./not-sip.ts";
import { readMessage } from "./read-message.ts";
import { scanStartLine } from "./start-line.ts";

/** ScanResult is what a payload is: a message, a keep-alive (RFC 5626 §3.5.1), or something else and why. */
export type ScanResult =
  | { readonly kind: "message"; readonly message: SipMessage }
  | { readonly kind: "keep-alive" }
  | NotSip;

/**
 * Reads one SIP message from a payload (RFC 3261 §7, §18.3, §25).
 *
 * It is total: any text gives a result, nothing throws, and the time is linear in the length. A message that
 * breaks the grammar where we would have to edit or to follow the dialog is `not-sip`, and so passes unmodified.
 *
 * @param text the payload as latin1, one character per byte
 * @param headers where the fields go. A table that is passed in again ends the life of the message before; the
 *   default is a table of the message's own.
 */
export function scan(text: string, headers: HeaderTable = new HeaderTable()): ScanResult {
  headers.clear();
  if (isKeepAlive(text)) return { kind: "keep-alive" };
  const start = skipLineEnds(text);
  const lineFeed = text.indexOf("\n", start);
  if (lineFeed < 0) return isStun(text) ? notSip("stun", 0) : notSip("no-start-line", start);
  const line = scanStartLine(text, start, endOfLine(bytesOf(text), start, lineFeed));
  if (line === undefined) return isStun(text) ? notSip("stun", 0) : notSip("no-start-line", start);
  const bodyStart = scanFields(text, lineFeed + 1, text.length, headers);
  if (typeof bodyStart !== "number") return bodyStart;
  const message = readMessage(text, start, line, headers, bodyStart);
  return message.kind === "not-sip" ? message : { kind: "message", message };
}

/** Offset behind the empty lines before the start-line (RFC 3261 §7.5). */
function skipLineEnds(text: string): number {
  let at = 0;
  while (text.charCodeAt(at) === CR || text.charCodeAt(at) === LF) at++;
  return at;
}
