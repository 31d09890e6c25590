import { decimal, find, SLASH } from "../sip/characters.ts";
import type { Span } from "../sip/span.ts";
import { fieldAt } from "./line.ts";

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
  const media = fieldAt(text, start, end);
  const ports = fieldAt(text, media.end, end);
  const protocol = fieldAt(text, ports.end, end);
  if (protocol.start === protocol.end) return undefined;
  const portEnd = find(text, SLASH, ports.start, ports.end);
  const port = decimal(text, ports.start, portEnd, 65535);
  const count = portEnd === ports.end ? 1 : decimal(text, portEnd + 1, ports.end, 65535);
  if (port < 0 || count < 0) return undefined;
  return {
    media: text.slice(media.start, media.end).toLowerCase(),
    port,
    portSpan: { start: ports.start, end: portEnd },
    count: Math.max(count, 1),
    protocol: text.slice(protocol.start, protocol.end).toUpperCase(),
  };
}
