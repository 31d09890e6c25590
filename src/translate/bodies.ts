import { scanSession } from "../sdp/scan.ts";
import type { Session } from "../sdp/session.ts";
import { type Body, readBody, type SdpBody } from "../sip/body.ts";
import type { SipMessage } from "../sip/message.ts";
import { type Skipped, skipped } from "./translation.ts";

/** A session description with where it stands in the message. */
export interface ScannedBody {
  readonly body: SdpBody;
  readonly session: Session;
}

/** Every session description of a message, read; `sealed` says why none of them may be edited. */
export interface ScannedBodies {
  readonly scanned: readonly ScannedBody[];
  readonly sealed: Body["sealed"];
}

const NO_BODIES: readonly ScannedBody[] = [];

/** Reads the session descriptions of a message, all or none. */
export function scanBodies(message: SipMessage): ScannedBodies | Skipped {
  const body = readBody(message);
  if (body.malformed) return skipped("malformed-multipart", "the boundary is missing");
  if (body.sdp.length === 0) return { scanned: NO_BODIES, sealed: body.sealed };
  const scanned: ScannedBody[] = [];
  let lines = 0;
  for (const part of body.sdp) {
    const result = scanSession(message.text, part.start, part.end, lines);
    if (result.kind === "invalid") {
      return skipped("malformed-sdp", `${result.reason} at offset ${result.at - part.start} of the SDP`);
    }
    scanned.push({ body: part, session: result.session });
    lines += result.session.media.length;
  }
  return { scanned, sealed: body.sealed };
}
