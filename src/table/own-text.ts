/**
 * A copy of `text` (latin1) that keeps nothing else in memory: a part of a message that is stored as it is would
 * keep the whole message, as V8 makes a slice a view of its parent.
 */
export function ownText(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}
