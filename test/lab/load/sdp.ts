import type { MediaAddresses } from "./media.ts";

/** A G.711 session description whose audio is at host:port, RTCP on the next port (RFC 4566, RFC 3264). */
export function describeAudio(host: string, port: number): string {
  return [
    "v=0",
    `o=- ${Date.now()} 1 IN IP4 ${host}`,
    "s=-",
    `c=IN IP4 ${host}`,
    "t=0 0",
    `m=audio ${port} RTP/AVP 8 0 101`,
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:101 telephone-event/8000",
    "a=sendrecv",
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

function connectionHost(section: string): string | undefined {
  return /^c=IN IP4 ([^\s/]+)/m.exec(section)?.[1];
}
