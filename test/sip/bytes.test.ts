import { describe, expect, it } from "vitest";
import { bytesOf } from "../../src/sip/bytes.ts";

/** What `bytesOf` gives for a text, and the byte behind it. */
function read(text: string): [text: string, behind: number | undefined] {
  const bytes = bytesOf(text);
  return [Buffer.from(bytes.subarray(0, text.length)).toString("latin1"), bytes[text.length]];
}

describe("the bytes of a text", () => {
  it("are its latin1 characters with a 0 behind them, also where a longer text was before", () => {
    for (const text of [
      "INVITE sip:a \xff\x80\0",
      "",
      "OPTIONS",
      "a".repeat(65_536),
      "x",
      "b".repeat(200_000),
    ]) {
      expect(read(text)).toEqual([text, 0]);
    }
  });

  // A look at all characters each time, as of a message that was sent twice, would take minutes.
  it("are had without a look at all of a text that is the same in another place", () => {
    const [text, same] = [1, 2].map(() => Buffer.alloc(1_000_000, "a").toString("latin1"));
    if (text === undefined || same === undefined) throw new Error("no texts");
    bytesOf(text);
    for (let count = 0; count < 1_000_000; count++) bytesOf(same);
    expect(read(same)).toEqual([text, 0]);
  });

  it("are those of the text asked for last, however alike the texts are", () => {
    for (const text of ["abc", "abd", "ab", "abc"]) expect(read(text)).toEqual([text, 0]);
  });
});
