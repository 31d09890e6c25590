import { BoundedMap } from "./bounded-map.ts";
import type { Said } from "./said.ts";
import type { Stream } from "./streams.ts";
import type { MediaTarget } from "./target.ts";

/** Streams by position of their m= line, per tag of the inside party (RFC 3264 §6 pairs lines by position). */
export type Lines = Said<Stream>;
/** What the remote parties' SDP says, per tag: forks answer each for themselves (RFC 3261 §13.1). */
export type Remotes = Said<MediaTarget>;

/** What both sides have said of the session, as a call has it now or as it was before a request. */
export interface Session {
  readonly lines: Lines;
  readonly remotes: Remotes;
}

/** What nobody has said anything in: one object each, for all calls. */
export const NO_LINES: Lines = new BoundedMap();
export const NO_REMOTES: Remotes = new BoundedMap();
const NOTHING_SAID: Session = { lines: NO_LINES, remotes: NO_REMOTES };
const NO_STREAMS: readonly Stream[] = [];
const NO_TARGETS: readonly MediaTarget[] = [];

/** The session as it is now, to come back to. */
export function sessionNow({ lines, remotes }: Session): Session {
  return lines === NO_LINES && remotes === NO_REMOTES ? NOTHING_SAID : { lines, remotes };
}

/** The streams that the SDP of the inside party names, each once; several lines may be one (SAVP and AVP, BUNDLE). */
export function namedIn({ lines }: Session): readonly Stream[] {
  const said = lines.latest;
  if (said === undefined) return NO_STREAMS;
  // As a rule that is what it has said last, as it stands.
  if (lines.size === 1 && isOfStreams(said)) return said;
  const named: Stream[] = [];
  for (const each of lines.values()) {
    for (const stream of each) if (stream !== undefined && !named.includes(stream)) named.push(stream);
  }
  return named;
}

/** What the remote parties say of a stream, the latest last. */
export function targetsOf({ lines, remotes }: Session, stream: Stream): readonly MediaTarget[] {
  if (remotes.size === 0) return NO_TARGETS;
  const targets: MediaTarget[] = [];
  for (const each of lines.values()) {
    for (let index = 0; index < each.length; index++) {
      if (each[index] !== stream) continue;
      for (const remote of remotes.values()) {
        const target = remote[index];
        // An offer that turns the line to other media (T.38, RFC 3264 §8.3.3) is none for the present stream.
        if (target?.media === stream.media) targets.push(target);
      }
    }
  }
  return targets;
}

function isOfStreams(lines: readonly (Stream | undefined)[]): lines is readonly Stream[] {
  for (let index = 0; index < lines.length; index++) {
    const stream = lines[index];
    if (stream === undefined || lines.indexOf(stream) !== index) return false;
  }
  return true;
}
