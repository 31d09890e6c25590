import fc from "fast-check";
import { expect, test } from "vitest";
import { checksumOf, sumWords } from "../../src/packet/checksum.ts";

/** RFC 1071 §4.1, word by word. */
function reference(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
    sum = (sum & 0xffff) + (sum >>> 16);
  }
  return ~sum & 0xffff;
}

test("the example of RFC 1071 §3 adds up to ddf2", () => {
  const view = new DataView(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7).buffer);
  expect(checksumOf(sumWords(view, 0, 8))).toBe(~0xddf2 & 0xffff);
});

test("any bytes at any place add up as word by word", () => {
  const bytes = fc.uint8Array({ maxLength: 70 });
  fc.assert(
    fc.property(bytes, fc.nat(8), fc.nat(8), (data, before, behind) => {
      const around = new Uint8Array(before + data.length + behind).fill(0xa5);
      around.set(data, before);
      const view = new DataView(around.buffer);
      expect(checksumOf(sumWords(view, before, before + data.length))).toBe(reference(data));
    }),
    { numRuns: 1000 },
  );
});

test("64 KiB of ones do not lose precision", () => {
  const ones = new Uint8Array(65_535).fill(0xff);
  expect(checksumOf(sumWords(new DataView(ones.buffer), 0, ones.length))).toBe(reference(ones));
});
