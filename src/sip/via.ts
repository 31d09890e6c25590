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
import { type Parameter, scanParameter } from "./parameters.ts";
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
  let at = skipSpace(text, start, end);
  const nameStart = at;
  while (at < end && isToken(text.charCodeAt(at))) at++;
  if (!equalsIgnoringCase(text, nameStart, at, "sip")) return undefined;

  at = behindSlash(text, at, end);
  const versionStart = at;
  while (at >= 0 && at < end && isToken(text.charCodeAt(at))) at++;
  if (at < 0 || !equalsIgnoringCase(text, versionStart, at, "2.0")) return undefined;

  at = behindSlash(text, at, end);
  const transportStart = at;
  while (at >= 0 && at < end && isToken(text.charCodeAt(at))) at++;
  const hostStart = skipSpace(text, at, end);
  if (at <= transportStart || hostStart === at) return undefined;

  const hostEnd = hostEndOf(text, hostStart, end);
  if (hostEnd === hostStart) return undefined;
  let portStart = hostEnd;
  let portEnd = hostEnd;
  let port: number | undefined;
  let next = skipSpace(text, hostEnd, end);
  if (next < end && text.charCodeAt(next) === COLON) {
    portStart = skipSpace(text, next + 1, end);
    portEnd = portStart;
    while (portEnd < end && isDigit(text.charCodeAt(portEnd))) portEnd++;
    port = decimal(text, portStart, portEnd, 65535);
    if (port < 0) return undefined;
    next = skipSpace(text, portEnd, end);
  }
  const code = next < end ? text.charCodeAt(next) : COMMA;
  if (code !== SEMICOLON && code !== COMMA) return undefined;
  const parameters = scanParameters(text, next, end);
  if (parameters === undefined) return undefined;
  const transport = text.slice(transportStart, at);
  const { branch, received, rport, maddr } = parameters;
  // V8 copies a spread object name by name, which takes longer than to read some of these.
  return {
    transport,
    hostStart,
    hostEnd,
    portStart,
    portEnd,
    port,
    branch,
    received,
    rport,
    maddr,
    end: parameters.end,
  };
}

/** Offset behind the slash at `start` and the white space on both sides of it, or -1. */
function behindSlash(text: string, start: number, end: number): number {
  const slash = skipSpace(text, start, end);
  return slash < end && text.charCodeAt(slash) === SLASH ? skipSpace(text, slash + 1, end) : -1;
}

type Parameters = Pick<Via, "branch" | "received" | "rport" | "maddr" | "end">;

/**
 * Reads the parameters that start at `start`.
 *
 * @returns undefined for `;;` and `;,` (RFC 4475 §3.1.2.1); a `;` that ends the whole field is borne with
 */
function scanParameters(text: string, start: number, end: number): Parameters | undefined {
  let branch: Span | undefined;
  let received: Span | undefined;
  let rport: Span | undefined;
  let maddr: Span | undefined;
  let at = start;
  for (let found = scanParameter(text, at, end); found !== undefined; found = scanParameter(text, at, end)) {
    at = found.end;
    const value = { start: found.valueStart, end: found.valueEnd };
    switch (found.nameEnd - found.nameStart) {
      case 0:
        if (at < end) return undefined;
        break;
      case 5:
        if (isNamed(text, found, "rport")) rport ??= value;
        else if (isNamed(text, found, "maddr")) maddr ??= value;
        break;
      case 6:
        if (isNamed(text, found, "branch")) branch ??= value;
        break;
      case 8:
        if (isNamed(text, found, "received")) received ??= value;
        break;
    }
  }
  return { branch, received, rport, maddr, end: at };
}

function isNamed(text: string, parameter: Parameter, name: string): boolean {
  return equalsIgnoringCase(text, parameter.nameStart, parameter.nameEnd, name);
}
