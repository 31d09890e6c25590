import type { Config } from "../config/schema.ts";
import { Network } from "../packet/network.ts";

/**
 * What is done to the SIP between an inside and an outside host. translate: addresses are translated and media is
 * opened. pinhole: media is opened and no byte is changed, for providers and phones that see to the NAT themselves.
 * off: nothing at all, as RFC 4787 REQ-10 wants every ALG to be switchable.
 */
export type Mode = "translate" | "pinhole" | "off";

/** Tells the mode of a pair of hosts; addresses as unsigned numbers in host byte order. */
export type ModeOf = (inside: number, outside: number) => Mode;

const EVERYWHERE = Network.parse("0.0.0.0/0");

/** The first rule both of whose networks match decides; without any, all is translated. */
export function modeRules(rules: Config["modes"]): ModeOf {
  const parsed = rules.map(({ inside, outside, mode }) => ({
    inside: inside === undefined ? EVERYWHERE : Network.parse(inside),
    outside: outside === undefined ? EVERYWHERE : Network.parse(outside),
    mode,
  }));
  return (inside, outside) =>
    parsed.find((rule) => rule.inside.contains(inside) && rule.outside.contains(outside))?.mode ??
    "translate";
}
