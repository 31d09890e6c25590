import type { ControlRoutes } from "../observe/control.ts";
import { ControlError } from "../observe/control-error.ts";
import { canonicalHost } from "../packet/host.ts";
import type { RunningGateway } from "./assemble.ts";
import type { RowFilter } from "./rows/rows.ts";

/** What the control socket of a gateway serves. */
export function controlRoutes({ rows, stats }: Pick<RunningGateway, "rows" | "stats">): ControlRoutes {
  return {
    "/calls": (query) => ({ kind: "rows", rows: rows.calls(filterOf(query, ["inside", "call-id"])) }),
    "/bindings": (query) => ({ kind: "rows", rows: rows.bindings(filterOf(query, ["inside"])) }),
    "/streams": (query) => ({ kind: "rows", rows: rows.streams(filterOf(query, ["inside", "call-id"])) }),
    "/stats": (query) => {
      filterOf(query, []);
      return { kind: "value", value: stats() };
    },
  };
}

/** @throws ControlError when the query says what the path does not take: all rows would be the wrong answer */
function filterOf(query: URLSearchParams, allowed: readonly string[]): RowFilter {
  for (const name of query.keys()) {
    if (!allowed.includes(name)) {
      const takes = allowed.length === 0 ? "it takes none" : `it takes ${allowed.join(" and ")}`;
      throw new ControlError(`there is no filter "${name}" here; ${takes}`);
    }
  }
  const inside = query.get("inside") ?? undefined;
  const host = inside === undefined ? undefined : canonicalHost(inside);
  if (inside !== undefined && host === undefined) {
    throw new ControlError(`inside: "${inside}" is no IP address; give a phone's, like 192.168.50.10`);
  }
  return { inside: host, callId: query.get("call-id") ?? undefined };
}
