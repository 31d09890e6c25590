/**
 * Measures the table of bindings, without a kernel or a packet: node dist/test/bench/table.js [--million]
 *
 * Every endpoint has its own inside host, one flow, one remote it has spoken to and one registration, as a phone has.
 * Each size is measured in a process of its own. An external address has 64,512 ports, so a larger table is simulated
 * with several external addresses, each with a table of its own beside one set of hosts and one timer wheel.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { endpointKey } from "../../src/packet/address.ts";
import { numberToIpv4 } from "../../src/packet/ipv4.ts";
import { type Binding, Bindings } from "../../src/table/bindings.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { ownText } from "../../src/table/own-text.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";

const SIZES = [10_000, 100_000];
const MILLION = 1_000_000;
const PER_ADDRESS = 60_000;
const PORTS = { first: 1024, last: 65_535 };
const IDLE = 600_000;
/** 10.100.0.0; endpoints count up from here. */
const FIRST_HOST = 10 * 2 ** 24 + 100 * 2 ** 16;
const REMOTE = { address: 203 * 2 ** 24 + 113 * 256 + 2, port: 5060 };
const OUTSIDE = "203.0.113.1";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

interface Endpoint {
  readonly key: number;
  readonly address: number;
  readonly bindings: Bindings;
}

function measure(count: number): string {
  const wheel = new TimerWheel(0);
  const hosts = new InsideHosts();
  const tables = Array.from({ length: Math.ceil(count / PER_ADDRESS) }, () => {
    const pool = new PortPool(1, PORTS, () => false, true);
    return new Bindings("udp", pool, hosts, wheel, PER_ADDRESS, IDLE, {
      changed: () => undefined,
      closed: () => undefined,
    });
  });
  const endpoints = Array.from({ length: count }, (_, index): Endpoint => {
    const bindings = tables[index % tables.length];
    if (bindings === undefined) throw new Error("There is no table.");
    const address = FIRST_HOST + index;
    return { key: address * 65_536 + 5060, address, bindings };
  });
  const remote = endpointKey(REMOTE.address, REMOTE.port);
  // Not in the order they were made: neighbours in memory would be quicker than a gateway finds them.
  const shuffled = endpoints.map((_, index) => endpoints[(index * 7919) % count] ?? missing(index));
  collectGarbage();
  const before = process.memoryUsage().heapUsed;

  const create = perOperation(endpoints, ({ key, address, bindings }) => {
    const binding = bindings.create(key, { host: numberToIpv4(address), port: 5060 }, 0.5);
    if (typeof binding === "string") throw new Error(binding);
    binding.flows.set(remote, {
      ends: {
        inside: binding.inside,
        outside: { host: OUTSIDE, port: binding.port },
        remote: bindings.remote(remote, () => ({ host: numberToIpv4(REMOTE.address), port: REMOTE.port })),
        transport: "udp",
      },
      pinhole: false,
      verifiedAt: 0.5,
    });
    binding.host.askedToRegister(REMOTE.address, 3600);
    bindings.register(binding, ownText(`203.0.113.2 sip:${address}@example.com`), 3_600_000.5);
  });
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();

  const outbound = perOperation(shuffled, ({ key, bindings }) => {
    const binding = bindings.byInside(key);
    if (binding?.flows.get(remote) === undefined) missing(key);
    binding.spokeAt = 1.5;
    binding.host.spokeTo(REMOTE.address);
  });
  const ports = shuffled.map(({ bindings, key }) => ({ bindings, port: portOf(bindings, key) }));
  const inbound = perOperation(ports, ({ bindings, port }) => {
    const binding = bindings.byPort(port);
    if (binding?.host.knows(REMOTE.address) !== true) missing(port);
  });
  const turn = perOperation([count], () => wheel.advance(IDLE)) / count;
  const close = perOperation(shuffled, ({ key, bindings }) => {
    bindings.close(bindings.byInside(key) ?? missing(key));
  });
  const heap = heapUsed - before;
  const columns = [
    `${count}`,
    `${tables.length}`,
    ...[create, outbound, inbound, turn, close].map((nanoseconds) => nanoseconds.toFixed(0)),
    (heap / count).toFixed(0),
    (heap / 1e6).toFixed(1),
    (rss / 1e6).toFixed(0),
  ];
  return row(columns);
}

function portOf(bindings: Bindings, key: number): number {
  const binding: Binding = bindings.byInside(key) ?? missing(key);
  return binding.port;
}

function missing(what: number): never {
  throw new Error(`${what} is not in the table.`);
}

/** Nanoseconds per item. */
function perOperation<Item>(items: readonly Item[], operation: (item: Item) => void): number {
  const start = process.hrtime.bigint();
  for (const item of items) operation(item);
  return Number(process.hrtime.bigint() - start) / items.length;
}

function row(columns: readonly string[]): string {
  return `${columns.map((column) => column.padStart(10)).join("")}\n`;
}

const [argument, size] = process.argv.slice(2);
if (argument === "--bindings") {
  process.stdout.write(measure(Number(size)));
} else {
  const titles = "bindings addresses create outbound inbound timer close B/binding heap-MB rss-MB";
  process.stdout.write(`nanoseconds per binding and operation, one external address per ${PER_ADDRESS}\n`);
  process.stdout.write(row(titles.split(" ")));
  for (const count of argument === "--million" ? [...SIZES, MILLION] : SIZES) {
    const self = [fileURLToPath(import.meta.url), "--bindings", `${count}`];
    process.stdout.write(execFileSync(process.execPath, self, { encoding: "utf8" }));
  }
}
