import { canonicalHost, familyOf } from "../packet/host.ts";
import type { MediaDescription } from "../sdp/session.ts";
import { ownText } from "../table/own-text.ts";
import type { MediaTarget } from "../table/target.ts";

/** The port an address without one means, over UDP and TCP (RFC 3261 §19.1.2). */
export const defaultPort = 5060;

/** Media lines of one SDP that are followed; a call of people has two or three. */
export const MOST_LINES = 32;
/** Characters by which kinds of media are told apart; what is kept of an SDP is bounded. */
const LONGEST_MEDIA = 32;

/**
 * Puts an m= line into the table's words: where RTP and RTCP are to be sent (RFC 3550 §11, RFC 3605).
 *
 * @param known its host, in a text that keeps no message in memory, where there is one already
 */
export function mediaTarget(line: MediaDescription, known?: string): MediaTarget {
  const host = known === line.host ? known : ownText(line.host);
  return {
    index: line.index,
    media: mediaOf(line),
    transport: line.transport,
    rtp: { host, port: line.port },
    rtcp: rtcpTarget(line, host),
    mux: line.rtcp.kind === "mux",
    count: Math.max(line.count, 1),
    held: line.held,
  };
}

function mediaOf({ media }: MediaDescription): string {
  return ownText(media.length > LONGEST_MEDIA ? media.slice(0, LONGEST_MEDIA) : media);
}

function rtcpTarget({ rtcp, port }: MediaDescription, host: string): MediaTarget["rtcp"] {
  switch (rtcp.kind) {
    case "none":
      return undefined;
    case "explicit": {
      const { host: named } = rtcp;
      const isOther =
        named !== undefined &&
        named !== host &&
        canonicalHost(named) !== undefined &&
        familyOf(named) === familyOf(host);
      return { host: isOther ? ownText(named) : host, port: rtcp.port };
    }
    case "next":
    case "mux":
      return { host, port: port + 1 };
  }
}

/** Below it stand the services of a host. */
export const LOWEST_PORT = 1024;
const HIGHEST_PORT = 65_535;

/**
 * True when every port of an inside target may be opened to the outside: no service of the host below 1024 (what a
 * web page would have a phone's address name, as in NAT slipstreaming), and none beyond the last port.
 */
export function portsMayBeOpened({ rtp, rtcp, count }: MediaTarget): boolean {
  const span = 2 * (count - 1);
  const lowest = Math.min(rtp.port, rtcp?.port ?? rtp.port);
  const highest = Math.max(rtp.port, rtcp?.port ?? rtp.port) + span;
  return lowest >= LOWEST_PORT && highest <= HIGHEST_PORT;
}
