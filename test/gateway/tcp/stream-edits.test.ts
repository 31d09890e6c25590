import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StreamEdits } from "../../../src/gateway/tcp/stream-edits.ts";
import { splice } from "../../../src/translate/splice.ts";

const TEXT = "Contact: <sip:a@192.168.50.10:5060>;expires=60";

/** Edits of TEXT in their order, that neither overlap nor begin at the same place. */
const edits = fc
  .array(fc.tuple(fc.nat(TEXT.length), fc.nat(6), fc.string({ maxLength: 6 })), { maxLength: 5 })
  .map((drafts) => {
    let from = 0;
    const sorted = [...drafts].sort(([a], [b]) => a - b);
    return sorted.flatMap(([at, length, text]) => {
      const end = Math.min(at + length, TEXT.length);
      if (at < from) return [];
      from = Math.max(end, at + 1);
      return [{ start: at, end, text, place: "contact", rule: "" } as const];
    });
  });

describe("StreamEdits", () => {
  it("gives segments that join to the translated stream, however it was cut", () => {
    const cuts = fc.array(fc.nat(TEXT.length), { maxLength: 8 });
    fc.assert(
      fc.property(edits, cuts, (list, at) => {
        const stream = new StreamEdits();
        for (const { start, end, text } of list) stream.add(start, end, text);
        const marks = [0, ...at.sort((a, b) => a - b), TEXT.length + 1];
        let joined = "";
        for (let index = 0; index + 1 < marks.length; index++) {
          const [from = 0, to = 0] = [marks[index], marks[index + 1]];
          expect(stream.map(from)).toBe(joined.length);
          joined += stream.translate(from, `${TEXT}\n`.slice(from, to));
        }
        expect(joined).toBe(`${splice(TEXT, list)}\n`);
      }),
    );
  });

  it("leaves what stands before all edits", () => {
    const stream = new StreamEdits();
    stream.add(9, 10, "longer");
    expect(stream.map(-1)).toBe(-1);
    expect(stream.map(9)).toBe(9);
    expect(stream.map(10)).toBe(15);
  });
});
