import type { MediaDescription } from "./session.ts";

/**
 * Marks the lines that share the port of another line of their BUNDLE group (RFC 9143 §7.2). Lines of a group
 * that still have ports of their own, as in a first offer, are streams of their own until the answer.
 *
 * @param groups the identification tags of each a=group:BUNDLE, separated by blanks
 * @param mids the a=mid of each line, "" where there is none
 */
export function applyBundle(
  media: readonly MediaDescription[],
  groups: readonly string[],
  mids: readonly string[],
): readonly MediaDescription[] {
  const groupOf = new Map<string, number>();
  groups.forEach((tags, group) => {
    for (const tag of tags.split(" ")) groupOf.set(tag, group);
  });
  const firstOf = new Map<string, number>();
  return media.map((line, at) => {
    const group = groupOf.get(mids[at] ?? "");
    if (group === undefined || line.port === 0) return line;
    const key = `${group} ${line.host} ${line.port}`;
    const first = firstOf.get(key);
    if (first !== undefined) return { ...line, bundledWith: first };
    firstOf.set(key, line.index);
    return line;
  });
}
