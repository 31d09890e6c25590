import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { ipv4ToNumber, numberToIpv4 } from "../../src/packet/ipv4.ts";

const address = fc.integer({ min: 0, max: 0xffffffff });

test("an address and its text are the same thing", () => {
  fc.assert(
    fc.property(address, (number) => {
      const text = numberToIpv4(number);
      expect(text).toBe(
        new ipaddr.IPv4([
          number >>> 24,
          (number >>> 16) & 255,
          (number >>> 8) & 255,
          number & 255,
        ]).toString(),
      );
      expect(ipv4ToNumber(text)).toBe(number);
    }),
  );
});

test("the highest addresses stay positive", () => {
  expect(ipv4ToNumber("255.255.255.255")).toBe(0xffffffff);
  expect(ipv4ToNumber("192.0.2.1")).toBe(0xc0000201);
});

test.each([
  "",
  ".",
  "...",
  "1.2.3",
  "1.2.3.",
  ".1.2.3",
  "1..2.3",
  "1.2.3.4.",
  "1.2.3.4.5",
  "256.1.1.1",
  "1.1.1.256",
  "1.1.1.01",
  "1.1.1.00",
  "0x1.1.1.1",
  "1.1.1.1 ",
  " 1.1.1.1",
  "1.1.1.-1",
  "1.1.1.1000",
  "1.1.1.1/24",
  "١.1.1.1",
  "example.com",
])("%j is no IPv4 literal", (text) => {
  expect(ipv4ToNumber(text)).toBeUndefined();
});

test("what is taken for a literal is one for ipaddr.js too", () => {
  const almost = fc.string({ unit: fc.constantFrom(..."0123456789.."), maxLength: 16 });
  fc.assert(
    fc.property(almost, (text) => {
      const isLiteral = ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);
      expect(ipv4ToNumber(text) !== undefined).toBe(isLiteral);
    }),
    { numRuns: 2000 },
  );
});
