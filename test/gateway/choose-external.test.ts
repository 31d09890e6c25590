import { describe, expect, it } from "vitest";
import { schema } from "../../src/config/schema.ts";
import { chooseExternal } from "../../src/gateway/choose-external.ts";

const OUTSIDE = { index: 2, name: "wan0", mtu: 1500, up: true };
const [FIRST, SECOND] = ["2001:db8:113::1", "2001:db8:113::2"] as const;
const NAT66 = { networks: ["192.168.0.0/16", "fd00:50::/64"] };

function wan(...ipv6: string[]): Parameters<typeof chooseExternal>[0] {
  const all = ["fe80::1", ...ipv6];
  return { ...OUTSIDE, ipv4: ["203.0.113.1", "203.0.113.2"], ipv6: all, preferredIpv6: all };
}

describe("the external address", () => {
  it("has none of IPv6 where no network of it is translated", () => {
    expect(chooseExternal(wan(FIRST), schema.parse({}))).toMatchObject({ host: "203.0.113.1", ipv6: "" });
  });

  it("is the outside interface's first that others can send to, or the configured one, however that is written", () => {
    expect(chooseExternal(wan(FIRST, SECOND), schema.parse(NAT66)).ipv6).toBe(FIRST);
    const config = schema.parse({ ...NAT66, address: "203.0.113.2", address_ipv6: "2001:DB8:113:0::2" });
    expect(chooseExternal(wan(FIRST, SECOND), config)).toMatchObject({ host: "203.0.113.2", ipv6: SECOND });
  });

  it("stays, of IPv6, until it is gone, and until there is another", () => {
    const config = schema.parse(NAT66);
    const before = chooseExternal(wan(FIRST), config);
    expect(chooseExternal(wan(SECOND, FIRST), config, before).ipv6).toBe(FIRST);
    expect(chooseExternal(wan(), config, before).ipv6).toBe(FIRST);
    expect(chooseExternal(wan(SECOND), config, before).ipv6).toBe(SECOND);
  });

  it("is not kept, of IPv6, when it is deprecated and another is preferred", () => {
    const config = schema.parse(NAT66);
    const before = chooseExternal(wan(FIRST), config);
    const renumbered = { ...wan(SECOND, FIRST), preferredIpv6: ["fe80::1", SECOND] };
    expect(chooseExternal(renumbered, config, before).ipv6).toBe(SECOND);
    const notYet = { ...wan(SECOND, FIRST), preferredIpv6: ["fe80::1"] };
    expect(chooseExternal(notYet, config, before).ipv6).toBe(FIRST);
    const configured = schema.parse({ ...NAT66, address_ipv6: FIRST });
    expect(chooseExternal(renumbered, configured, before).ipv6).toBe(FIRST);
  });

  it("is followed in one family when the interface lacks the configured one of the other", () => {
    const ipv4 = "203.0.113.9";
    const config = schema.parse({ ...NAT66, address_ipv6: FIRST });
    const before = chooseExternal(wan(FIRST), config);
    const reconnected = { ...wan(SECOND), ipv4: [ipv4] };
    expect(chooseExternal(reconnected, config, before)).toMatchObject({ host: ipv4, ipv6: FIRST });
    const other = schema.parse({ ...NAT66, address: "203.0.113.1" });
    expect(chooseExternal(reconnected, other, before)).toMatchObject({ host: "203.0.113.1", ipv6: SECOND });
  });

  it("cannot be one that the interface does not have, which the error names", () => {
    expect(() => chooseExternal(wan(), schema.parse(NAT66))).toThrow(
      "no IPv6 address to translate to; give it one",
    );
    const config = schema.parse({ ...NAT66, address_ipv6: "2001:db8:113::3" });
    expect(() => chooseExternal(wan(FIRST), config)).toThrow(
      `does not have the configured address 2001:db8:113::3 (it has ${FIRST})`,
    );
  });
});
