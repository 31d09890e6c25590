import fc from "fast-check";
import { expect, it } from "vitest";
import { knownAddress } from "../../src/kernel/known-address.ts";
import { addressOf } from "../../src/packet/address.ts";

it("any host has the address that it has, however often it is asked and whatever was asked before", () => {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(host, { maxLength: 300 }), (hosts) => {
      for (const one of [...hosts, ...hosts]) expect(knownAddress(one)).toBe(addressOf(one));
    }),
  );
});

it.each(["", "1", "::"])("the shortest texts, too: %j", (host) => {
  expect([knownAddress(host), knownAddress(host)]).toEqual([addressOf(host), addressOf(host)]);
});
