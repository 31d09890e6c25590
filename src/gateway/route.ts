import type { Routes } from "../kernel/routes.ts";
import type { RouteOf } from "./context.ts";
import type { Sides } from "./gateway.ts";

/** Answers by the kernel's own routing: only what leaves by the outside interface is translated. */
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
