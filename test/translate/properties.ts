import { scan } from "../../src/sip/scan.ts";
import type { FlowEnds, Mapping } from "../../src/translate/mapping.ts";
import { splice } from "../../src/translate/splice.ts";
import type { Translation } from "../../src/translate/translation.ts";

/** The address that stands for the outside; none of the corpora names it. */
export const OUTSIDE = "203.0.113.211";

/** The flow of a phone at `inside`, seen outside at a port of its own. */
export function flowOf(inside: string): FlowEnds {
  return {
    inside: { host: inside, port: 5060 },
    outside: { host: OUTSIDE, port: shift(5060) },
    remote: { host: "198.51.100.5", port: 5060 },
    transport: "udp",
  };
}

/** A one-to-one mapping of all ports that keeps pairs together: the upper half and the lower change places. */
export function shift(port: number): number {
  return (port + 32768) % 65536;
}

/** Takes addresses from one host to the other, every port by `shift`, and a bare host to a bare host. */
export function shiftMapping(from: string, to: string): Mapping {
  return moving(from, to, shift);
}

/** A mapping that answers every question with what it was asked. */
export function identityMapping(host: string): Mapping {
  return moving(host, host, (port) => port);
}

function moving(from: string, to: string, map: (port: number) => number): Mapping {
  return {
    signalling: (_host, port) => ({ host: to, port: port === undefined ? undefined : map(port) }),
    media: (line) => {
      if (line.host !== from) return undefined;
      const rtcp = line.rtcp.kind === "explicit" ? line.rtcp.port : (line.rtcpLine?.port ?? line.port + 1);
      return { host: to, port: map(line.port), rtcpPort: map(rtcp) };
    },
    candidate: (_host, port) => ({ host: to, port: map(port) }),
    host: (host) => (host === from ? to : undefined),
  };
}

/** What a translation makes of a text: the text itself when it is skipped. */
export function applied(text: string, translation: Translation): string {
  return translation.kind === "translated" ? splice(text, translation.edits) : text;
}

/** Throws when the edits overlap, are out of order or change more than their own ranges. */
export function checkEdits(text: string, translation: Translation): void {
  if (translation.kind === "skipped") return;
  let at = 0;
  let rest = applied(text, translation);
  for (const { start, end, text: replacement } of translation.edits) {
    if (start < at || end < start)
      throw new Error(`edit at ${start} overlaps the one before, which ends at ${at}`);
    const expected = text.slice(at, start) + replacement;
    if (!rest.startsWith(expected)) throw new Error(`bytes before offset ${start} have changed`);
    rest = rest.slice(expected.length);
    at = end;
  }
  if (rest !== text.slice(at)) throw new Error("bytes behind the last edit have changed");
}

/** The addresses of a message that its sender may have: the IPv4 literals of Via, Contact and c=, at most three. */
export function senders(text: string): string[] {
  const found = new Set<string>();
  const literal =
    /^(?:v|via|m|contact)\s*:.*?(?:\s|@|sips?:)((?:\d{1,3}\.){3}\d{1,3})\b|^c=IN IP4 ((?:\d{1,3}\.){3}\d{1,3})/gim;
  for (const [, header, connection] of text.slice(0, 20_000).matchAll(literal)) {
    const host = header ?? connection;
    if (host !== undefined && host !== "0.0.0.0" && host.split(".").every(isOctet)) found.add(host);
    if (found.size === 3) break;
  }
  return [...found];
}

function isOctet(text: string): boolean {
  return Number(text) <= 255 && String(Number(text)) === text;
}

/** True when the text's Content-Length counts its body exactly. */
export function hasRightLength(text: string): boolean {
  const result = scan(text);
  if (result.kind !== "message") return false;
  const field = /^(?:content-length|l)[ \t]*:[ \t]*(\d+)/im.exec(text.slice(0, result.message.bodyStart));
  return field !== null && Number(field[1]) === text.length - result.message.bodyStart;
}
