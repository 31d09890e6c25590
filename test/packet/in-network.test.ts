import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { expect, test } from "vitest";
import { inNetwork } from "../../src/packet/in-network.ts";
import { ipv4ToNumber } from "../../src/packet/ipv4.ts";
import { formatIpv6 } from "../../src/packet/ipv6.ts";

test("an IPv6 network contains what ipaddr.js finds in it", () => {
  const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(address, fc.integer({ min: 0, max: 128 }), fc.nat(127), (own, prefix, bit) => {
      const asked = Uint8Array.from(own);
      asked[bit >> 3] = (asked[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      const network = inNetwork(`${formatIpv6(own)}/${prefix}`);
      const oracle = ipaddr.IPv6.parse(formatIpv6(asked)).match(ipaddr.IPv6.parse(formatIpv6(own)), prefix);
      expect(network(formatIpv6(asked))).toBe(oracle);
      expect(network(formatIpv6(own))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("an address of the other family is in no network", () => {
  expect(inNetwork("0.0.0.0/0")("::ffff:192.0.2.1")).toBe(false);
  expect(inNetwork("::/0")(ipv4ToNumber("192.0.2.1") ?? 0)).toBe(false);
});

test("one address is a network of its own", () => {
  expect(inNetwork("2001:db8::1")("2001:db8::1")).toBe(true);
  expect(inNetwork("2001:db8::1")("2001:db8::2")).toBe(false);
});

test.each(["::/129", "::/-1", "::/", "::/08", "2001:db8::/32/1", "2001:db8:::/32", "[::]/0", "fe80::1%eth0"])(
  "%j is refused by name",
  (text) => {
    expect(() => inNetwork(text)).toThrow(`"${text}" is not an IPv6 network`);
  },
);
