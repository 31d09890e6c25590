import { type Interface, readInterface, readInterfaces } from "../kernel/interfaces.ts";
import type { Native } from "../kernel/native.ts";
import type { Logger } from "../observe/log.ts";
import { chooseExternal } from "./choose-external.ts";
import type { GatewayContext } from "./context.ts";
import type { Gateway } from "./gateway.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import type { Sides } from "./route.ts";

/** Takes in that an interface was made anew or has another address. */
export function followInterfaces(
  native: Native,
  config: GatewayConfig,
  sides: Sides,
  gateway: Gateway,
  context: GatewayContext,
  log: Logger,
): void {
  try {
    const outside = readInterface(native, config.outside);
    // One of several that is away keeps nothing else from being followed.
    const inside = readInterfaces(native).filter(({ name }) => config.inside.includes(name));
    const isNew = ({ index }: Interface): boolean => index !== sides.outside && !sides.inside.has(index);
    const made = [...inside, outside].filter(isNew);
    if (made.length > 0)
      log.info({ interfaces: made.map(({ name }) => name) }, "interfaces were made anew, and are used");
    sides.inside = new Set(inside.map(({ index }) => index));
    sides.outside = outside.index;
    sides.mtu = outside.mtu;
    const { external, calls } = context;
    const now = chooseExternal(outside, config, external);
    const has = [...outside.ipv4, ...outside.ipv6];
    const gone = [now.host, now.ipv6].filter((host) => host !== "" && !has.includes(host));
    if (gone.length > 0) log.warn({ gone, has }, "the outside interface lacks our address, which is kept");
    if (now.host === external.host && now.ipv6 === external.ipv6) return;
    const [from, to] = [external, now].map(({ host, ipv6 }) => (ipv6 === "" ? host : [host, ipv6]));
    log.info({ from, to, calls: calls.size }, "the external address changed");
    gateway.externalChanged(now);
  } catch (error) {
    // An interface that is down for a moment comes back with another event; until then all stays as it is.
    log.warn({ err: error }, "interfaces changed and cannot be used now");
  }
}
