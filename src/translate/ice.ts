import type { Endpoint } from "../packet/endpoint.ts";
import type { IceCandidate, Session } from "../sdp/session.ts";

/**
 * True when a session's candidates show that its endpoint already knows its address on the other side of the
 * NAT: by STUN or TURN (server reflexive, relayed), or because a host candidate is that very address. ICE then
 * finds its own way, and an edit could only set c= against the candidates (RFC 8839 §3.2.5, ice-mismatch).
 *
 * @param other where the flow appears on the other side
 */
export function isAlreadyPublic(session: Session, other: Endpoint): boolean {
  return session.media.some(
    (line) =>
      line.port !== 0 && line.candidates.some((candidate) => isElsewhere(candidate, line.host, other.host)),
  );
}

function isElsewhere(candidate: IceCandidate, host: string, other: string): boolean {
  if (candidate.host.includes(":") !== other.includes(":")) return false;
  return candidate.host === other || (candidate.type !== "host" && candidate.host !== host);
}
