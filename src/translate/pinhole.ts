import type { SipMessage } from "../sip/message.ts";
import { scanBodies } from "./bodies.ts";
import type { MediaUse, Translation } from "./translation.ts";

/**
 * What a message shows where expectations are to be opened and no byte is to be changed (mode `pinhole`): its m=
 * lines, none of them rewritten.
 */
export function observeMedia(message: SipMessage): Translation {
  const bodies = scanBodies(message);
  if ("reason" in bodies) return bodies;
  const media: MediaUse[] = [];
  for (const { session } of bodies.scanned) {
    for (const line of session.media) media.push({ line, rewrite: undefined });
  }
  return { kind: "translated", edits: [], media, bodyLeft: undefined };
}
