import type { MediaDescription } from "../sdp/session.ts";
import type { MediaTarget } from "../table/streams.ts";

/** The port an address without one means, over UDP and TCP (RFC 3261 §19.1.2). */
export const defaultPort = 5060;

/** More port pairs than this in one m= line are treated as this many; no known phone asks for more than two. */
const MOST_PAIRS = 8;

/** Puts an m= line into the table's words: where RTP and RTCP are to be sent (RFC 3550 §11, RFC 3605). */
export function mediaTarget(line: MediaDescription): MediaTarget {
  const rtp = { host: line.host, port: line.port };
  return {
    index: line.index,
    media: line.media,
    transport: line.transport,
    rtp,
    rtcp: rtcpTarget(line),
    mux: line.rtcp.kind === "mux",
    count: Math.min(Math.max(line.count, 1), MOST_PAIRS),
    held: line.held,
  };
}

function rtcpTarget(line: MediaDescription): MediaTarget["rtcp"] {
  switch (line.rtcp.kind) {
    case "none":
      return undefined;
    case "explicit":
      return { host: line.rtcp.host ?? line.host, port: line.rtcp.port };
    case "next":
    case "mux":
      return { host: line.host, port: line.port + 1 };
  }
}
