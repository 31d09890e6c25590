import { describe, expect, test } from "vitest";
import { decodeAddress, hostsOf } from "../../src/kernel/interfaces.ts";
import { fromHex, onlyMessage } from "./hex.ts";

/** What the kernel answers to RTM_GETADDR, without the label and IFA_CACHEINFO. */
const ADDRESSES = {
  // ip address add 192.0.2.2 peer 192.0.2.3 dev v0
  pointToPoint: `30000000 14000200 01000000 b7790000 02208000 03000000
    08000100 c0000203 08000200 c0000202 08000800 80000000`,
  // ip address add 192.0.2.4/24 dev v0, beside 192.0.2.1/24
  secondary: `30000000 14000200 01000000 b7790000 02188100 03000000
    08000100 c0000204 08000200 c0000204 08000800 81000000`,
};

/** 2001:db8:113::`last` on interface 3 with these flags, as the kernel tells of it. */
function ipv6(last: string, flags: string): string {
  return `34000000 14000200 01000000 b7790000 0a40${flags}00 03000000
    14000100 20010db8 01130000 00000000 000000${last} 08000800 ${flags}000000`;
}

function decode(hex: string): ReturnType<typeof decodeAddress> {
  const bytes = fromHex(hex);
  return decodeAddress(bytes, onlyMessage(bytes));
}

describe("an address of an interface", () => {
  test("is our own end of a point-to-point link", () => {
    expect(decode(ADDRESSES.pointToPoint)).toEqual({
      interfaceIndex: 3,
      host: "192.0.2.2",
      secondary: false,
      state: "preferred",
    });
  });

  test("is secondary behind another of its network", () => {
    expect(decode(ADDRESSES.secondary)).toMatchObject({ host: "192.0.2.4", secondary: true });
  });

  test.each([
    ["82", "preferred", "nodad"],
    ["22", "deprecated", "preferred_lft 0"],
    ["c0", "tentative", "just added"],
    ["c4", "preferred", "just added, and optimistic"],
    ["c8", "failed", "that of another host, too"],
  ])("with flags %s is %s: %s", (flags, state) => {
    expect(decode(ipv6("01", flags))).toMatchObject({ host: "2001:db8:113::1", state });
  });
});

test("the addresses of an interface are preferred ones, deprecated ones, tentative ones, and none that failed", () => {
  const addresses = ["c8", "c0", "22", "81", "80"].map((flags, index) => decode(ipv6(`0${index}`, flags)));
  const [four, three, two, one] = [4, 3, 2, 1].map((last) => `2001:db8:113::${last}`);
  expect(hostsOf([...addresses, decode(ADDRESSES.secondary), decode(ADDRESSES.pointToPoint)])).toEqual({
    ipv4: ["192.0.2.2", "192.0.2.4"],
    ipv6: [four, three, two, one],
    preferredIpv6: [four, three],
  });
});
