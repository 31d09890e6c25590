import { expect, it } from "vitest";
import { resumeHalf } from "../../../src/gateway/tcp/begin-half.ts";

const MESSAGE = Buffer.from("SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n");
const grown = { position: 0xffff_fff0, before: 10, after: 25 };

it("goes on behind the last message whose length has changed, across the end of the sequence numbers", () => {
  const half = resumeHalf({ sequence: 0x20, payload: MESSAGE }, grown, 1400);
  expect(half?.shift).toEqual({ position: -0x30, before: 10, after: 25 });
  // The receiver has all that came before: so the kernel tells the sender, and so is it told of here.
  expect(half?.acknowledge(half.outputOffset(0x20 + 25))).toBe(0);
});

it.each([
  { what: "is sent again, be it the one that was changed last", sequence: grown.position, payload: MESSAGE },
  { what: "does not begin with a message", sequence: 0x20, payload: MESSAGE.subarray(1) },
  { what: "is empty", sequence: 0x20, payload: MESSAGE.subarray(0, 0) },
])("does not go on with a segment that $what", ({ sequence, payload }) => {
  expect(resumeHalf({ sequence, payload }, grown, 1400)).toBeUndefined();
});

it("goes on near what the receiver expects, in the numbers that it sees, and nowhere else", () => {
  const goesOn = (sequence: number, expected: number): boolean =>
    resumeHalf({ sequence, payload: MESSAGE }, grown, 1400, expected) !== undefined;
  expect(goesOn(0x20, 0x20 + grown.after)).toBe(true);
  expect(goesOn(0x20, 0x20 + grown.after - 100_000)).toBe(true);
  expect(goesOn(0x20, 0x20 + grown.after - 100_000_000)).toBe(false);
  expect(goesOn(0x20, 0x20 + grown.after + 100_000_000)).toBe(false);
});

it("goes on anywhere with a stream whose length has never changed", () => {
  const even = { position: 0x1000, before: 0, after: 0 };
  expect(resumeHalf({ sequence: 0x10, payload: MESSAGE }, even, 1400)).toBeDefined();
});
