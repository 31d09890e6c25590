import {
  COLON,
  COMMA,
  decimal,
  equalsIgnoringCase,
  isDigit,
  isToken,
  SEMICOLON,
  SLASH,
  skipSpace,
} from "./characters.ts";
import { ParameterReader } from "./parameters.ts";
import type { Span } from "./span.ts";
import { hostEndOf } from "./uri.ts";

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
  const transportStart = text.startsWith(USUAL, start)
    ? skipSpace(text, start + USUAL.length, end)
    : behindVersion(text, start, end);
  if (transportStart < 0) return undefined;
  let at = transportStart;
  while (at < end && isToken(text.charCodeAt(at))) at++;
  const hostStart = skipSpace(text, at, end);
  if (at === transportStart || hostStart === at) return undefined;
  const transport = text.slice(transportStart, at);

  const hostEnd = hostEndOf(text, hostStart, end);
  if (hostEnd === hostStart) return undefined;
  let portStart = hostEnd;
  let portEnd = hostEnd;
  let port: number | undefined;
  at = skipSpace(text, hostEnd, end);
  if (at < end && text.charCodeAt(at) === COLON) {
    portStart = skipSpace(text, at + 1, end);
    portEnd = portStart;
    while (portEnd < end && isDigit(text.charCodeAt(portEnd))) portEnd++;
    port = decimal(text, portStart, portEnd, 65535);
    if (port < 0) return undefined;
    at = skipSpace(text, portEnd, end);
  }
  if (at < end && text.charCodeAt(at) !== SEMICOLON && text.charCodeAt(at) !== COMMA) return undefined;

  let branch: Span | undefined;
  let received: Span | undefined;
  let rport: Span | undefined;
  let maddr: Span | undefined;
  while (parameter.read(text, at, end)) {
    at = parameter.end;
    switch (parameter.nameEnd - parameter.nameStart) {
      case 0:
        // `;;` and `;,` are refused (RFC 4475 §3.1.2.1), a `;` that ends the whole field is borne with.
        if (at < end) return undefined;
        break;
      case 5:
        if (parameter.isNamed(text, "rport")) rport ??= valueSpan(parameter);
        else if (parameter.isNamed(text, "maddr")) maddr ??= valueSpan(parameter);
        break;
      case 6:
        if (parameter.isNamed(text, "branch")) branch ??= valueSpan(parameter);
        break;
      case 8:
        if (parameter.isNamed(text, "received")) received ??= valueSpan(parameter);
        break;
    }
  }
  return { transport, hostStart, hostEnd, portStart, portEnd, port, branch, received, rport, maddr, end: at };
}

const USUAL = "SIP/2.0/";
const parameter = new ParameterReader();

/** Offset of the transport in the Via value that starts at `start`, or -1: it is of SIP/2.0 alone. */
function behindVersion(text: string, start: number, end: number): number {
  const nameStart = skipSpace(text, start, end);
  let at = nameStart;
  while (at < end && isToken(text.charCodeAt(at))) at++;
  if (!equalsIgnoringCase(text, nameStart, at, "sip")) return -1;
  const versionStart = behindSlash(text, at, end);
  if (versionStart < 0) return -1;
  at = versionStart;
  while (at < end && isToken(text.charCodeAt(at))) at++;
  return equalsIgnoringCase(text, versionStart, at, "2.0") ? behindSlash(text, at, end) : -1;
}

/** Offset behind the slash at `start` and the white space on both sides of it, or -1. */
function behindSlash(text: string, start: number, end: number): number {
  const slash = skipSpace(text, start, end);
  return slash < end && text.charCodeAt(slash) === SLASH ? skipSpace(text, slash + 1, end) : -1;
}

function valueSpan({ valueStart, valueEnd }: ParameterReader): Span {
  return { start: valueStart, end: valueEnd };
}
