import type { MediaAddresses } from "./media.ts";

/** Which way an offer or answer lets media go, seen from who wrote it (RFC 3264 §5.1). */
export type MediaDirection = "sendrecv" | "sendonly" | "recvonly";

/** What one end says of its audio; RTCP is on the next port. */
export interface AudioDescription {
  readonly host: string;
  readonly port: number;
  readonly direction: MediaDirection;
  /** Session id and version of o=: the version grows with each change, and only then (RFC 3264 §8). */
  readonly session: number;
  readonly version: number;
}

/** A G.711 session description (RFC 4566, RFC 3264). */
export function describeAudio({ host, port, direction, session, version }: AudioDescription): string {
  return [
    "v=0",
    `o=- ${session} ${version} IN IP4 ${host}`,
    "s=-",
    `c=IN IP4 ${host}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 8 0 101`,
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    `a=${direction}`,
    "",
  ].join("\r\n");
}

/** Where a session description, as it was received, says its audio is; undefined when it offers none. */
export function audioIn(sdp: string): MediaAddresses | undefined {
  const [session = "", ...media] = sdp.split(/^(?=m=)/m);
  const audio = media.find((section) => section.startsWith("m=audio "));
  if (!audio) return undefined;
  const port = Number(audio.split(" ")[1]);
  const host = connectionHost(audio) ?? connectionHost(session);
  if (!port || !host) return undefined;
  const [, rtcpPort, rtcpHost] = /^a=rtcp:(\d+)(?: IN IP4 (\S+))?/m.exec(audio) ?? [];
  const rtcp = { host: rtcpHost ?? host, port: rtcpPort ? Number(rtcpPort) : port + 1 };
  return { rtp: { host, port }, rtcp };
}

/** True when a session description, as it was received, puts its reader on hold (RFC 3264 §8.4). */
export function isHold(sdp: string): boolean {
  return /^a=sendonly\r$/m.test(sdp);
}

function connectionHost(section: string): string | undefined {
  return /^c=IN IP4 ([^\s/]+)/m.exec(section)?.[1];
}
