import { canonicalHost } from "../packet/host.ts";
import { bytesOf } from "../sip/bytes.ts";
import { AT, COLON, decimal, find, SLASH } from "../sip/characters.ts";
import type { Span } from "../sip/span.ts";
import { hostEndOf } from "../sip/uri.ts";
import { isWord, word } from "../sip/word.ts";
import { scanAddress } from "./address.ts";
import { fieldAt } from "./line.ts";
import type { AttributeAddress, IceCandidate, MediaDescription, RtcpLine } from "./session.ts";

/** A port that may be 0, as in an ICE candidate of active TCP. */
const LARGEST_PORT = 65535;

const TYP = word("typ");
const UDP = word("udp");

/** Where the value of attribute `name` starts in the a= line at `[start, end)`; -1 for another attribute. */
export function attributeValue(text: string, start: number, end: number, name: string): number {
  const valueStart = start + name.length + 1;
  if (valueStart > end || bytesOf(text)[valueStart - 1] !== COLON) return -1;
  return text.startsWith(name, start) ? valueStart : -1;
}

/** True when the a= line at `[start, end)` is the property attribute `name`. */
export function isAttribute(text: string, start: number, end: number, name: string): boolean {
  return end - start === name.length && text.startsWith(name, start);
}

/** Reads the value of a=rtcp: a port, and perhaps an address (RFC 3605 §2.1); undefined when it is malformed. */
export function scanRtcp(text: string, start: number, end: number): RtcpLine | undefined {
  const bytes = bytesOf(text);
  const field = fieldAt(bytes, start, end);
  const port = decimal(bytes, field.start, field.end, LARGEST_PORT);
  if (port < 0) return undefined;
  const rest = fieldAt(bytes, field.end, end);
  if (rest.start === rest.end) return { port, portSpan: field, address: undefined };
  const address = scanAddress(text, rest.start, end);
  return address === undefined ? undefined : { port, portSpan: field, address };
}

/** Reads the value of a=candidate (RFC 8839 §5.1); undefined when it is malformed. */
export function scanCandidate(text: string, start: number, end: number): IceCandidate | undefined {
  const bytes = bytesOf(text);
  const foundation = fieldAt(bytes, start, end);
  const component = fieldAt(bytes, foundation.end, end);
  const transport = fieldAt(bytes, component.end, end);
  const priority = fieldAt(bytes, transport.end, end);
  const hostSpan = fieldAt(bytes, priority.end, end);
  const portSpan = fieldAt(bytes, hostSpan.end, end);
  const typ = fieldAt(bytes, portSpan.end, end);
  const type = fieldAt(bytes, typ.end, end);
  const number = decimal(bytes, component.start, component.end, 256);
  const port = decimal(bytes, portSpan.start, portSpan.end, LARGEST_PORT);
  if (number < 0 || port < 0 || !isWord(bytes, typ.start, typ.end, TYP)) return undefined;
  return {
    component: number,
    transport: isWord(bytes, transport.start, transport.end, UDP) ? "udp" : "tcp",
    host: hostAt(text, hostSpan),
    hostSpan,
    port,
    portSpan,
    type: text.slice(type.start, type.end).toLowerCase(),
  };
}

/** Reads the URIs of a=path into `found`: `msrp://host:port/session;tcp` with blanks between (RFC 4975 §6, §8.1). */
export function scanPath(text: string, start: number, end: number, found: AttributeAddress[]): void {
  const bytes = bytesOf(text);
  let field = fieldAt(bytes, start, end);
  for (; field.start < field.end; field = fieldAt(bytes, field.end, end)) {
    const address = scanPathUri(text, field);
    if (address !== undefined) found.push(address);
  }
}

function scanPathUri(text: string, uri: Span): AttributeAddress | undefined {
  const bytes = bytesOf(text);
  const colon = find(bytes, COLON, uri.start, uri.end);
  if (colon + 2 >= uri.end || !text.startsWith("//", colon + 1)) return undefined;
  const authorityEnd = find(bytes, SLASH, colon + 3, uri.end);
  const at = find(bytes, AT, colon, authorityEnd);
  const hostStart = at < authorityEnd ? at + 1 : colon + 3;
  const hostEnd = hostEndOf(bytes, hostStart, authorityEnd);
  if (hostEnd === hostStart || bytes[hostEnd] !== COLON) return undefined;
  const port = decimal(bytes, hostEnd + 1, authorityEnd, LARGEST_PORT);
  if (port < 0) return undefined;
  return attributeAddress("path", text, { start: hostStart, end: hostEnd }, port, {
    start: hostEnd + 1,
    end: authorityEnd,
  });
}

/** Reads a=remote-candidates into `found`: `component address port`, three by three (RFC 8839 §5.2). */
export function scanRemoteCandidates(
  text: string,
  start: number,
  end: number,
  found: AttributeAddress[],
): void {
  const bytes = bytesOf(text);
  let component = fieldAt(bytes, start, end);
  while (component.start < component.end) {
    const host = fieldAt(bytes, component.end, end);
    const portSpan = fieldAt(bytes, host.end, end);
    const port = decimal(bytes, portSpan.start, portSpan.end, LARGEST_PORT);
    if (port < 0) break;
    found.push(attributeAddress("remote-candidates", text, host, port, portSpan));
    component = fieldAt(bytes, portSpan.end, end);
  }
}

function attributeAddress(
  attribute: AttributeAddress["attribute"],
  text: string,
  hostSpan: Span,
  port: number,
  portSpan: Span,
): AttributeAddress {
  return { attribute, host: hostAt(text, hostSpan), hostSpan, port, portSpan };
}

/** The host in `span`: a literal in canonical form, a name as written. */
function hostAt(text: string, { start, end }: Span): string {
  const written = text.slice(start, end);
  return canonicalHost(written) ?? written;
}

/** Reads the value of a=setup (RFC 4145 §4); undefined for a word that is none of its four. */
export function scanSetup(text: string, start: number, end: number): MediaDescription["setup"] {
  const value = text.slice(start, end);
  switch (value) {
    case "active":
    case "passive":
    case "actpass":
    case "holdconn":
      return value;
    default:
      return undefined;
  }
}
