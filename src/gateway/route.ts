import type { Routes } from "../kernel/routes.ts";
import type { Address } from "../packet/address.ts";
import type { RouteOf } from "./context.ts";

/** Interface indexes of the two sides; they change when an interface is made anew. */
export interface Sides {
  inside: ReadonlySet<number>;
  outside: number;
  /** Bytes; a packet that grows past it loses its DF bit. */
  mtu: number;
}

/** Answers by the kernel's own routing: only what leaves by the outside interface is followed. */
export function routeToDestination(routes: Routes, sides: Sides): RouteOf {
  return (destination, source, inInterface, mark) => {
    const route = routes.lookup(destination, source, inInterface, mark);
    switch (route.kind) {
      case "local":
        return "local-destination";
      case "unreachable":
        return "unreachable-destination";
      case "unicast":
        return route.outInterface === sides.outside ? "outside" : "inside-destination";
    }
  };
}

/** Tells by the kernel's own routing whether an address is of the phones' side. */
export function routedInside(routes: Routes, sides: Sides): (address: Address) => boolean {
  return (address) => {
    const route = routes.lookup(address, undefined, 0, 0);
    return route.kind === "unicast" && sides.inside.has(route.outInterface);
  };
}
