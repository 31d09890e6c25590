import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { describe, expect, test } from "vitest";
import { numberToIpv4 } from "../../src/packet/ipv4.ts";
import { Network } from "../../src/packet/network.ts";

const address = fc.integer({ min: 0, max: 0xffffffff });

test("a network contains what ipaddr.js finds in it", () => {
  fc.assert(
    fc.property(
      address,
      address,
      fc.integer({ min: 0, max: 32 }),
      fc.boolean(),
      (own, other, prefix, near) => {
        // Two random addresses share a long prefix hardly ever: half of the time, differ in one bit.
        const asked = near ? (own ^ (1 << (other % 32))) >>> 0 : other;
        const network = Network.parse(`${numberToIpv4(own)}/${prefix}`);
        const oracle = ipaddr.IPv4.parse(numberToIpv4(asked)).match(
          ipaddr.IPv4.parse(numberToIpv4(own)),
          prefix,
        );
        expect(network.contains(asked)).toBe(oracle);
        expect(network.contains(own)).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});

test("a network is shown with its first address", () => {
  expect(`${Network.parse("192.168.50.1/24")}`).toBe("192.168.50.0/24");
  expect(`${Network.parse("192.168.50.1")}`).toBe("192.168.50.1/32");
  expect(`${Network.parse("203.0.113.7/0")}`).toBe("0.0.0.0/0");
});

describe("what is no network is refused by name", () => {
  test.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8.0",
    "10.0.0.0/08",
    "10.0.0/8",
    "::/0",
  ])("%j", (text) => {
    expect(() => Network.parse(text)).toThrow(`"${text}" is not an IPv4 network`);
  });
});
