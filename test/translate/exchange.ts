import { scan } from "../../src/sip/scan.ts";
import { translateInbound } from "../../src/translate/inbound.ts";
import type { FlowEnds, Mapping, Place } from "../../src/translate/mapping.ts";
import { translateOutbound } from "../../src/translate/outbound.ts";
import { splice } from "../../src/translate/splice.ts";
import type { Translation } from "../../src/translate/translation.ts";

/** The phone at 192.168.50.10:5060, its gateway at 203.0.113.1, its provider at 198.51.100.5. */
export const flow: FlowEnds = {
  inside: { host: "192.168.50.10", port: 5060 },
  outside: { host: "203.0.113.1", port: 1024 },
  remote: { host: "198.51.100.5", port: 5060 },
  transport: "udp",
};

/** Two mappings, one the inverse of the other. */
export interface PortTable {
  readonly outbound: Mapping;
  readonly inbound: Mapping;
}

/** Text with CRLF line ends, from one written with LF. */
export function crlf(text: string): string {
  return text.replaceAll("\n", "\r\n");
}

/**
 * A mapping from inside ports of the flow's host to outside ports; a port that is not in `ports` stays itself.
 * It remembers at which place the phone wrote no port, as the gateway's does.
 */
export function portTable(ports: Readonly<Record<number, number>>, ends: FlowEnds = flow): PortTable {
  const back = new Map(Object.entries(ports).map(([inside, outside]) => [outside, Number(inside)]));
  const bare = new Set<Place>();
  const out = (port: number): number => ports[port] ?? port;
  const home = (port: number): number => back.get(port) ?? port;
  return {
    outbound: {
      signalling(_host, port, _transport, place) {
        if (port !== undefined) return { host: ends.outside.host, port: out(port) };
        bare.add(place);
        return { host: ends.outside.host, port: out(5060) === 5060 ? undefined : out(5060) };
      },
      media: (line) =>
        line.host === ends.inside.host
          ? { host: ends.outside.host, port: out(line.port), rtcpPort: rtcp(line.rtcp, out, line.port) }
          : undefined,
      host: (host) => (host === ends.inside.host ? ends.outside.host : undefined),
    },
    inbound: {
      signalling(_host, port, _transport, place) {
        return {
          host: ends.inside.host,
          port: bare.has(place) ? undefined : port === undefined ? port : home(port),
        };
      },
      media: (line) => ({
        host: ends.inside.host,
        port: home(line.port),
        rtcpPort: rtcp(line.rtcp, home, line.port),
      }),
      host: (host) => (host === ends.outside.host ? ends.inside.host : undefined),
    },
  };
}

function rtcp(line: { kind: string; port?: number }, map: (port: number) => number, port: number): number {
  return map(line.port ?? port + 1);
}

/** The translation of a text that must be a message. */
export function outbound(text: string, table: PortTable, ends: FlowEnds = flow): Translation {
  const result = scan(text);
  if (result.kind !== "message") throw new Error(`not a message: ${JSON.stringify(result)}`);
  return translateOutbound(result.message, ends, table.outbound);
}

/** As `outbound`, of a message from outside. */
export function inbound(text: string, table: PortTable, ends: FlowEnds = flow): Translation {
  const result = scan(text);
  if (result.kind !== "message") throw new Error(`not a message: ${JSON.stringify(result)}`);
  return translateInbound(result.message, ends, table.inbound);
}

/** The text the outside sees; a skipped message stays as it is. */
export function outboundText(text: string, table: PortTable, ends: FlowEnds = flow): string {
  const translation = outbound(text, table, ends);
  return translation.kind === "translated" ? splice(text, translation.edits) : text;
}

/** The text the phone sees. */
export function inboundText(text: string, table: PortTable, ends: FlowEnds = flow): string {
  const translation = inbound(text, table, ends);
  return translation.kind === "translated" ? splice(text, translation.edits) : text;
}
