import { bytesOf } from "../sip/bytes.ts";
import { decimal, find, SLASH } from "../sip/characters.ts";
import type { Span } from "../sip/span.ts";
import { isWord, word } from "../sip/word.ts";
import { fieldAt, fieldEnd, fieldStart } from "./line.ts";

/** MediaLine is what an m= line itself says (RFC 8866 §5.14). */
export interface MediaLine {
  /** Lower case. */
  readonly media: string;
  readonly port: number;
  readonly portSpan: Span;
  /** Number of port pairs, 1 unless written. */
  readonly count: number;
  /** Upper case: "RTP/AVP", "UDPTL", "TCP/MSRP", ... */
  readonly protocol: string;
}

/** Reads the m= line whose value stands in `[start, end)`; undefined when it is malformed. */
export function scanMediaLine(text: string, start: number, end: number): MediaLine | undefined {
  const bytes = bytesOf(text);
  const mediaStart = fieldStart(bytes, start, end);
  const mediaEnd = fieldEnd(bytes, mediaStart, end);
  const ports = fieldAt(bytes, mediaEnd, end);
  const protocolStart = fieldStart(bytes, ports.end, end);
  const protocolEnd = fieldEnd(bytes, protocolStart, end);
  if (protocolStart === protocolEnd) return undefined;
  const portEnd = find(bytes, SLASH, ports.start, ports.end);
  const port = decimal(bytes, ports.start, portEnd, 65535);
  const count = portEnd === ports.end ? 1 : decimal(bytes, portEnd + 1, ports.end, 65535);
  if (port < 0 || count < 0) return undefined;
  return {
    media: mediaAt(text, bytes, mediaStart, mediaEnd),
    port,
    portSpan: portEnd === ports.end ? ports : { start: ports.start, end: portEnd },
    count: Math.max(count, 1),
    protocol: protocolAt(text, bytes, protocolStart, protocolEnd),
  };
}

const AUDIO = word("audio");
const VIDEO = word("video");
const RTP_AVP = word("rtp/avp");
const RTP_SAVP = word("rtp/savp");

/** The media in lower case; what most lines name is told without making a text of it. */
function mediaAt(text: string, bytes: Uint8Array, start: number, end: number): string {
  if (isWord(bytes, start, end, AUDIO)) return "audio";
  if (isWord(bytes, start, end, VIDEO)) return "video";
  return text.slice(start, end).toLowerCase();
}

/** The protocol in upper case. */
function protocolAt(text: string, bytes: Uint8Array, start: number, end: number): string {
  if (isWord(bytes, start, end, RTP_AVP)) return "RTP/AVP";
  if (isWord(bytes, start, end, RTP_SAVP)) return "RTP/SAVP";
  return text.slice(start, end).toUpperCase();
}
