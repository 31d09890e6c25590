import type { Config } from "../config/schema.ts";
import type { Address } from "../packet/address.ts";
import { type InNetwork, inNetwork } from "../packet/in-network.ts";
import { translatedHosts } from "./translated-hosts.ts";

/**
 * What is done to the SIP between an inside and an outside host. translate: addresses are translated and media is
 * opened. pinhole: media is opened and no byte is changed, for providers and phones that see to the NAT themselves, and
 * for hosts that are not translated.
 * off: nothing at all, as RFC 4787 REQ-10 wants every ALG to be switchable.
 */
export type Mode = "translate" | "pinhole" | "off";

/** Tells the mode of a pair of hosts of one family. */
export type ModeOf = (inside: Address, outside: Address) => Mode;

const EVERYWHERE: InNetwork = () => true;

/** The first rule both of whose networks match decides; without any, all that can be is translated. */
export function modeRules(config: Pick<Config, "modes" | "networks">): ModeOf {
  const isTranslated = translatedHosts(config);
  const parsed = config.modes.map(({ inside, outside, mode }) => ({
    inside: inside === undefined ? EVERYWHERE : inNetwork(inside),
    outside: outside === undefined ? EVERYWHERE : inNetwork(outside),
    mode,
  }));
  return (inside, outside) => {
    const mode = parsed.find((rule) => rule.inside(inside) && rule.outside(outside))?.mode ?? "translate";
    return mode === "translate" && !isTranslated(inside) ? "pinhole" : mode;
  };
}
