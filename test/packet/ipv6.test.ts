import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { canonicalHost, familyOf } from "../../src/packet/host.ts";
import { formatIpv6, isRoutableIpv6, parseIpv6 } from "../../src/packet/ipv6.ts";

/** Addresses with many zero groups, so that "::" has something to choose from. */
const groups = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
  minLength: 8,
  maxLength: 8,
});

function bytesOf(parts: readonly number[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [part >>> 8, part & 255]));
}

test("an address is written as RFC 5952 says", () => {
  fc.assert(
    fc.property(groups, (parts) => {
      const oracle = new ipaddr.IPv6([...bytesOf(parts)]);
      // ipaddr.js writes IPv4-mapped addresses in hexadecimal only; they have a test of their own.
      fc.pre(!oracle.isIPv4MappedAddress());
      expect(formatIpv6(bytesOf(parts))).toBe(oracle.toRFC5952String());
    }),
    { numRuns: 2000 },
  );
});

test("an address reads back from its text", () => {
  fc.assert(
    fc.property(groups, (parts) => {
      expect(parseIpv6(formatIpv6(bytesOf(parts)))).toEqual(bytesOf(parts));
    }),
  );
});

test("an address is read at an offset", () => {
  const bytes = Uint8Array.of(9, 9, ...bytesOf([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]), 9);
  expect(formatIpv6(bytes, 2)).toBe("2001:db8::1");
});

test("what is taken for a literal is one for ipaddr.js too, and the same one", () => {
  const almost = fc.string({ unit: fc.constantFrom(..."01fF:::.12"), maxLength: 24 });
  fc.assert(
    fc.property(almost, (text) => {
      // ipaddr.js reads the IPv4-compatible form (RFC 4291 §2.5.5.1, deprecated) as the IPv4-mapped one.
      fc.pre(!/^::\d+\./.test(text));
      const bytes = parseIpv6(text);
      // ipaddr.js lets the dotted quad at the end be octal, and a "::" stand for nothing.
      if (bytes === undefined) return;
      expect(ipaddr.IPv6.isValid(text), text).toBe(true);
      expect([...bytes], text).toEqual(ipaddr.IPv6.parse(text).toByteArray());
    }),
    { numRuns: 20_000 },
  );
});

describe("canonical hosts", () => {
  test.each([
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:0:0", "::"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1::", "1::"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["::FFFF:C000:201", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["[2001:db8::9]", "2001:db8::9"],
    ["192.0.2.1", "192.0.2.1"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalHost(text)).toBe(canonical);
  });

  test.each([
    "",
    ":",
    ":::",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "1::2::3",
    "12345::",
    "::1%eth0",
    "fe80::1%25eth0",
    "::g",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::1.2.3",
    "::1.2.3.4:5",
    "1:",
    ":1",
    "1:2:3:4:5:6:7:",
    "[::1",
    "::1]",
    "[192.0.2.1]",
    "example.com",
  ])("%j is no IP literal", (text) => {
    expect(canonicalHost(text)).toBeUndefined();
    expect(parseIpv6(text)).toBeUndefined();
  });

  test("only an IPv6 host has a colon", () => {
    expect(familyOf("192.0.2.1")).toBe("ipv4");
    expect(familyOf("::")).toBe("ipv6");
  });
});

test.each([
  ["2001:db8::1", true],
  ["3fff::1", true],
  ["fd00:50::a", true],
  ["fc00::", true],
  ["fe80::1", false],
  ["ff02::1", false],
  ["::1", false],
  ["::", false],
  ["::ffff:192.0.2.1", false],
  ["64:ff9b::c000:201", false],
  ["20::1", false],
  ["fd::1", false],
])("%s can be sent to from another link: %s", (host, expected) => {
  expect(isRoutableIpv6(host)).toBe(expected);
});
