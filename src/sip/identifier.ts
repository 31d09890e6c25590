import { createHash } from "node:crypto";

/** What is met is a few dozen characters long. */
const LONGEST = 256;
const KEPT = 64;

/**
 * A Call-ID, tag or branch as it is compared, kept and logged. RFC 3261 §25.1 sets no limit to them, and messages of
 * 64 kB that are all Call-ID must not fill the memory of whoever remembers calls: of one longer than 256 characters
 * the first 64 stand for it, with the SHA-256 of the whole.
 */
export function identifier(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, KEPT)}...sha256:${createHash("sha256").update(text, "latin1").digest("hex")}`;
}
