import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_SHIFT } from "../../../src/gateway/tcp/sequence-shift.ts";
import type { StreamReader } from "../../../src/gateway/tcp/stream-half.ts";
import type { Edit } from "../../../src/translate/translation.ts";
import { carry, type LineOptions } from "./line.ts";

/** What is edited in these messages, and what it becomes: longer, shorter, nothing, and as long as it was. */
const WORDS: Readonly<Record<string, string>> = {
  "10.0.0.1": "203.0.113.100:12345",
  "gateway.example.com": "g",
  ";remove": "",
  same: "SAME",
};
const PATTERN = /10\.0\.0\.1|gateway\.example\.com|;remove|same/g;

const reader: StreamReader = {
  message: (text) =>
    [...text.matchAll(PATTERN)].map(
      (match): Edit => ({
        start: match.index,
        end: match.index + match[0].length,
        text: WORDS[match[0]] ?? "",
        place: "contact",
        rule: "",
      }),
    ),
  left: () => undefined,
};

/** Some of a message that no one segment holds. */
const LONG = "long ".repeat(120);
const word = fc.constantFrom(...Object.keys(WORDS), "a=rtpmap:0 PCMU/8000\r\n", "x", " ", LONG);
const message = fc
  .tuple(
    fc.constantFrom("INVITE sip:a@example.com SIP/2.0", "SIP/2.0 200 OK", "ACK sip:b SIP/2.0"),
    fc.array(word),
    fc.array(word),
  )
  .map(([startLine, fields, body]) => {
    const text = body.join("");
    const values = fields.join("").replaceAll("\r\n", " ");
    return `${startLine}\r\nX: ${values}\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  });
const keepAlive = fc.constantFrom("\r\n", "\r\n\r\n");
const stream = fc.array(fc.oneof({ weight: 5, arbitrary: message }, keepAlive), {
  minLength: 1,
  maxLength: 12,
});

/** The stream as the receiver is to read it: no keep-alive has a word of those in it. */
const translated = (texts: readonly string[]): string =>
  texts.join("").replaceAll(PATTERN, (found) => WORDS[found] ?? "");

const line = fc.record({
  seed: fc.integer(),
  segment: fc.constantFrom(40, 100, 536, 1460),
  window: fc.integer({ min: 1, max: 10 }),
  // Of IPv4, of an MTU of 1500 bytes, and of the least one of IPv6.
  room: fc.constantFrom(Number.POSITIVE_INFINITY, 1400, 1180),
  recuts: fc.boolean(),
  lost: fc.constantFrom(0, 0, 2, 5),
  late: fc.constantFrom(0, 0, 5, 30),
  first: fc.constantFrom(0, 1, 0x7fff_ff00, 0xffff_ff00),
  begun: fc.constant(NO_SHIFT),
  earlier: fc.constant(""),
});

/** Of a stream that an earlier run has translated, so that the kernel adds to its numbers already. */
const goingOn = fc
  .record({
    options: line,
    earlier: fc.string({ unit: fc.constantFrom("\r\n", "x"), maxLength: 300 }),
    before: fc.integer({ min: -400, max: 400 }),
    after: fc.integer({ min: -400, max: 400 }),
    left: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ options, earlier, before, after, left }) => {
    // The message whose length changed last, of which something was left, stands before what came since.
    const position = -earlier.length - Math.max(0, before - after) - left;
    return { ...options, earlier, begun: { position, before, after } };
  });

/**
 * A byte of a message goes ahead for each window, as far as its first colon: so a sender has to have windows that hold
 * its messages in a few of them, long ones in segments that are not the smallest.
 */
function roomFor(texts: readonly string[], options: LineOptions): LineOptions {
  const longest = Math.max(...texts.map(({ length }) => length));
  const segment = longest < LONG.length ? options.segment : Math.max(536, options.segment);
  return { ...options, segment, window: Math.max(options.window, Math.ceil(longest / 2 / segment)) };
}

describe("StreamHalf", () => {
  it("carries exactly the translated stream, whatever is lost, late, sent again or cut otherwise", () => {
    fc.assert(
      fc.property(stream, line, (texts, options) => {
        const all = translated(texts);
        // Text behind the last message would be read as more of a length that edits have changed.
        expect(carry(texts.join(""), reader, roomFor(texts, options))).toBe(all);
      }),
      { numRuns: 1000 },
    );
  });

  it("goes on with a stream that an earlier run has translated, from a message on", () => {
    fc.assert(
      fc.property(stream, goingOn, (texts, options) => {
        expect(carry(texts.join(""), reader, roomFor(texts, options))).toBe(
          options.earlier + translated(texts),
        );
      }),
      { numRuns: 1000 },
    );
  });
});
