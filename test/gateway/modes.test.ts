import { expect, test } from "vitest";
import { schema } from "../../src/config/schema.ts";
import { modeRules } from "../../src/gateway/modes.ts";
import { addressOf } from "../../src/packet/address.ts";

const [PHONE, PROVIDER] = [addressOf("192.168.50.10"), addressOf("203.0.113.2")];
const [PHONE_IPV6, PROVIDER_IPV6] = [addressOf("2001:db8:50::a"), addressOf("2001:db8:113::2")];

test("without a rule IPv4 is translated, and IPv6, where there is nothing to translate, has its media opened", () => {
  const modeOf = modeRules(schema.parse({}));
  expect(modeOf(PHONE, PROVIDER)).toBe("translate");
  expect(modeOf(PHONE_IPV6, PROVIDER_IPV6)).toBe("pinhole");
});

test("a rule counts for the family of its networks, one without networks for both; the first decides", () => {
  const config = schema.parse({
    modes: [
      { outside: "2001:db8:113::/48", mode: "off" },
      { inside: "192.168.50.0/24", mode: "pinhole" },
      { mode: "translate" },
    ],
  });
  const modeOf = modeRules(config);
  expect(modeOf(PHONE_IPV6, PROVIDER_IPV6)).toBe("off");
  expect(modeOf(PHONE_IPV6, addressOf("2001:db8:114::2"))).toBe("pinhole");
  expect(modeOf(PHONE, PROVIDER)).toBe("pinhole");
  expect(modeOf(addressOf("192.168.51.10"), PROVIDER)).toBe("translate");
  expect(modeRules(schema.parse({ modes: [{ mode: "off" }] }))(PHONE_IPV6, PROVIDER_IPV6)).toBe("off");
});

test("IPv6 of a listed network is translated as IPv4 is, and by the same rules", () => {
  const modeOf = modeRules(
    schema.parse({
      networks: ["2001:db8:50::/64"],
      modes: [{ outside: "2001:db8:114::/48", mode: "pinhole" }],
    }),
  );
  expect(modeOf(PHONE_IPV6, PROVIDER_IPV6)).toBe("translate");
  expect(modeOf(PHONE_IPV6, addressOf("2001:db8:114::2"))).toBe("pinhole");
  expect(modeOf(addressOf("2001:db8:51::a"), PROVIDER_IPV6)).toBe("pinhole");
});

test("what is no network is refused, whichever family was meant", () => {
  for (const outside of ["2001:db8::/129", "203.0.113.0/33", "provider.example"]) {
    expect(() => schema.parse({ modes: [{ outside, mode: "off" }] })).toThrow("is not a network such as");
  }
});
