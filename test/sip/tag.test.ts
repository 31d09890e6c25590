import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scanNameAddress } from "../../src/sip/name-address.ts";
import { parameterText } from "../../src/sip/parameters.ts";
import { scanTag } from "../../src/sip/tag.ts";
import { word } from "../../src/sip/word.ts";

function tagOf(text: string): string | undefined {
  return scanTag(text, 0, text.length);
}

/** The tag as any parameter of any address is found. */
function found(text: string): string | undefined {
  const address = scanNameAddress(text, 0, text.length);
  if (address === undefined || address.end !== text.length) return undefined;
  return parameterText(text, address.parametersStart, address.end, word("tag")) ?? "";
}

describe("a tag", () => {
  it.each([
    ['"A;tag=x" <sip:a@b;tag=y>;tag=1', "1"],
    ["<sip:a@b>", ""],
    ["<sip:a@b>;x=1;TAG = 2 ", "2"],
    ["sip:a@b;tag=3;x", "3"],
    ['<sip:a@b>;tag="4;5"', "4;5"],
    ["<sip:a@b>;tag=", ""],
    ["<sip:a@b>;tag", ""],
    ["<sip:a@b>;tag=1,<sip:c@d>", undefined],
    ["<sip:a@b;tag=1", undefined],
  ])("of %s is %j", (text, expected) => {
    expect(tagOf(text)).toBe(expected);
  });

  it("is the same however it is looked for", () => {
    const piece = fc.constantFrom(
      ";tag=",
      ";",
      "=",
      ",",
      "tag",
      "a",
      '"',
      "<",
      ">",
      " ",
      "\t",
      "\r\n ",
      "\\",
      "%",
      "é",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        const text = `<sip:a@b>${pieces.join("")}`.trimEnd();
        expect(tagOf(text)).toBe(found(text));
        const usual = `<sip:a@b>;tag=${pieces.join("")}`.trimEnd();
        expect(tagOf(usual)).toBe(found(usual));
      }),
    );
  });
});
