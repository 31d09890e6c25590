/** V8 makes a slice of fewer characters a string of its own. */
const SHORTEST_VIEW = 13;

const scratch = Buffer.alloc(1024);

/**
 * A copy of `text` (latin1) that keeps nothing else in memory: a part of a message that is stored as it is would
 * keep the whole message, as V8 makes a slice a view of its parent.
 */
export function ownText(text: string): string {
  if (text.length < SHORTEST_VIEW) return text;
  if (text.length > scratch.length) return Buffer.from(text, "latin1").toString("latin1");
  return scratch.toString("latin1", 0, scratch.write(text, "latin1"));
}
