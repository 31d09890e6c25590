import { isSameEndpoint } from "../packet/endpoint.ts";
import type { BoundedMap } from "./bounded-map.ts";
import { ownText } from "./own-text.ts";
import type { MediaTarget } from "./target.ts";

/** m= lines that all tags of one side may say together: those that spoke longest ago make room. */
const MOST_LINES = 64;

/**
 * What the parties of one side say, per tag. It is never changed, but replaced by another, so that what was said before
 * a request need not be copied.
 */
export type Said<Line> = Omit<BoundedMap<string, readonly (Line | undefined)[]>, "set" | "delete" | "clear">;

/** What is said when `tag` has said `lines` as well, which it keeps a copy of: that has no room for more. */
export function withSaid<Line>(
  before: Said<Line>,
  tag: string,
  lines: readonly (Line | undefined)[],
  most: number,
): Said<Line> {
  const byTag = before.copy();
  byTag.set(ownText(tag), lines.slice(), most);
  let count = 0;
  for (const { length } of byTag.values()) count += length;
  for (const [oldest, { length }] of count > MOST_LINES ? [...byTag] : []) {
    if (count <= MOST_LINES) break;
    byTag.delete(oldest);
    count -= length;
  }
  return byTag;
}

/** True when the latest that was said is these lines of this tag. */
export function isLatest<Line>(
  said: Said<Line>,
  tag: string,
  lines: readonly (Line | undefined)[],
  isSame: (one: Line | undefined, other: Line | undefined) => boolean,
): boolean {
  const known = said.latestKey === tag ? said.latest : undefined;
  if (known === undefined || known.length !== lines.length) return false;
  for (let index = 0; index < lines.length; index++) {
    if (!isSame(known[index], lines[index])) return false;
  }
  return true;
}

/** True when two SDPs say the same of a line; undefined is one that says nothing of use. */
export function isSameTarget(one: MediaTarget | undefined, other: MediaTarget | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  if (one.index !== other.index || one.media !== other.media || one.transport !== other.transport)
    return false;
  if (one.mux !== other.mux || one.count !== other.count || one.held !== other.held) return false;
  if (!isSameEndpoint(one.rtp, other.rtp)) return false;
  if (one.rtcp === undefined || other.rtcp === undefined) return one.rtcp === other.rtcp;
  return isSameEndpoint(one.rtcp, other.rtcp);
}
