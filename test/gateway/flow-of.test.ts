import { expect, it } from "vitest";
import { externalAddress } from "../../src/gateway/external-address.ts";
import { flowOf } from "../../src/gateway/flow-of.ts";
import { addressOf, endpointKey } from "../../src/packet/address.ts";
import { Bindings } from "../../src/table/bindings.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";

const INSIDE = { host: "192.168.50.10", port: 5060 };

it.each([
  ["udp", [10_000, 10_001]],
  ["tcp", []],
] as const)("of %s, a flow that is one too many of its binding loses its pin", (transport, removed) => {
  const silent = { changed: () => undefined, closed: () => undefined };
  const pool = new PortPool(1, { first: 5060, last: 5999 }, () => false);
  const made = new Bindings(transport, pool, new InsideHosts(), new TimerWheel(0), 10, 1000, silent);
  const binding = made.create(endpointKey(addressOf(INSIDE.host), INSIDE.port), INSIDE, 0);
  if (typeof binding === "string") throw new Error(binding);
  const ports: number[] = [];
  const context = {
    bindings: { udp: made, tcp: made },
    external: externalAddress("203.0.113.1", undefined),
    modeOf: () => "translate" as const,
    pins: {
      remove: (_binding: unknown, { ends }: { ends: { remote: { port: number } } }) => {
        ports.push(ends.remote.port);
      },
    },
  };
  for (let port = 10_000; port < 10_258; port++) flowOf(context, binding, addressOf("203.0.113.2"), port);
  expect(binding.flows.size).toBe(256);
  expect(ports).toEqual(removed);
});
