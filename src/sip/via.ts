import { bytesOf } from "./bytes.ts";
import { COLON, COMMA, decimal, SEMICOLON, SLASH, skipDigits, skipSpace, skipToken } from "./characters.ts";
import { ParameterReader } from "./parameters.ts";
import type { Span } from "./span.ts";
import { hostEndOf } from "./uri.ts";
import { isWord, word } from "./word.ts";

/** Via is one Via value as offsets into the text it stands in (RFC 3261 §20.42). */
export interface Via {
  /** The transport as written: "UDP", "tcp", "TLS-SCTP", ... */
  readonly transport: string;
  /** The host of sent-by, an IPv6 reference with its brackets. */
  readonly hostStart: number;
  readonly hostEnd: number;
  /** The digits of the port of sent-by; empty and equal to `hostEnd` when there is none. */
  readonly portStart: number;
  readonly portEnd: number;
  readonly port: number | undefined;
  readonly branch: Span | undefined;
  readonly received: Span | undefined;
  /** Empty when rport has no value yet (RFC 3581 §3). */
  readonly rport: Span | undefined;
  readonly maddr: Span | undefined;
  /** Offset of the comma before the next Via value, or the end of the field. */
  readonly end: number;
}

/**
 * Reads the Via value that starts at `start`. White space may stand around the slashes, the colon and every
 * parameter (RFC 4475 §3.1.1.1).
 *
 * @returns undefined when it breaks RFC 3261 §25.1
 */
export function scanVia(text: string, start: number, end: number): Via | undefined {
  const bytes = bytesOf(text);
  const transportStart = isWord(bytes, start, start + USUAL.length, USUAL)
    ? skipSpace(bytes, start + USUAL.length, end)
    : behindVersion(bytes, start, end);
  if (transportStart < 0) return undefined;
  const transportEnd = skipToken(bytes, transportStart, end);
  const hostStart = skipSpace(bytes, transportEnd, end);
  if (transportEnd === transportStart || hostStart === transportEnd) return undefined;

  const hostEnd = hostEndOf(bytes, hostStart, end);
  if (hostEnd === hostStart) return undefined;
  let portStart = hostEnd;
  let portEnd = hostEnd;
  let port: number | undefined;
  let at = skipSpace(bytes, hostEnd, end);
  if (at < end && bytes[at] === COLON) {
    portStart = skipSpace(bytes, at + 1, end);
    portEnd = skipDigits(bytes, portStart, end);
    port = decimal(bytes, portStart, portEnd, 65535);
    if (port < 0) return undefined;
    at = skipSpace(bytes, portEnd, end);
  }
  if (at < end && bytes[at] !== SEMICOLON && bytes[at] !== COMMA) return undefined;

  let branch: Span | undefined;
  let received: Span | undefined;
  let rport: Span | undefined;
  let maddr: Span | undefined;
  while (parameter.read(bytes, at, end)) {
    at = parameter.end;
    switch (parameter.nameEnd - parameter.nameStart) {
      case 0:
        // `;;` and `;,` are refused (RFC 4475 §3.1.2.1), a `;` that ends the whole field is borne with.
        if (at < end) return undefined;
        break;
      case 5:
        if (parameter.isNamed(bytes, RPORT)) rport ??= valueSpan(parameter);
        else if (parameter.isNamed(bytes, MADDR)) maddr ??= valueSpan(parameter);
        break;
      case 6:
        if (parameter.isNamed(bytes, BRANCH)) branch ??= valueSpan(parameter);
        break;
      case 8:
        if (parameter.isNamed(bytes, RECEIVED)) received ??= valueSpan(parameter);
        break;
    }
  }
  const transport = text.slice(transportStart, transportEnd);
  return { transport, hostStart, hostEnd, portStart, portEnd, port, branch, received, rport, maddr, end: at };
}

/** How nearly every value begins. */
const USUAL = word("sip/2.0/");
const SIP = word("sip");
const VERSION = word("2.0");
const RPORT = word("rport");
const MADDR = word("maddr");
const BRANCH = word("branch");
const RECEIVED = word("received");

const parameter = new ParameterReader();

/** Offset of the transport in the Via value that starts at `start`, or -1: it is of SIP/2.0 alone. */
function behindVersion(bytes: Uint8Array, start: number, end: number): number {
  const nameStart = skipSpace(bytes, start, end);
  const nameEnd = skipToken(bytes, nameStart, end);
  if (!isWord(bytes, nameStart, nameEnd, SIP)) return -1;
  const versionStart = behindSlash(bytes, nameEnd, end);
  if (versionStart < 0) return -1;
  const versionEnd = skipToken(bytes, versionStart, end);
  if (!isWord(bytes, versionStart, versionEnd, VERSION)) return -1;
  return behindSlash(bytes, versionEnd, end);
}

/** Offset behind the slash at `start` and the white space on both sides of it, or -1. */
function behindSlash(bytes: Uint8Array, start: number, end: number): number {
  const slash = skipSpace(bytes, start, end);
  return slash < end && bytes[slash] === SLASH ? skipSpace(bytes, slash + 1, end) : -1;
}

function valueSpan({ valueStart, valueEnd }: ParameterReader): Span {
  return { start: valueStart, end: valueEnd };
}
