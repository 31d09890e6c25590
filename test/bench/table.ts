/**
 * Measures the table, without a kernel or a packet: node dist/test/bench/table.js [--million] [--json]
 *
 * Every endpoint has its own inside host, one flow, one remote it has spoken to and one registration, as a phone has.
 * Each size is measured in a process of its own. An external address has 64,512 ports, so a larger table is simulated
 * with several external addresses, each with a table of its own beside one set of hosts and one timer wheel. So are more than 30,000
 * streams. An offer makes a call with its stream and arms RTP and RTCP; evict is an offer where others hold all slots.
 *
 * The memory is that of a process that has loaded all of the daemon, in which every stream has an answer and flows.
 */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { tuneGarbageCollector } from "../../src/cli/garbage-collector.ts";
import { endpointKey } from "../../src/packet/address.ts";
import { numberToIpv4 } from "../../src/packet/ipv4.ts";
import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { ownText } from "../../src/table/own-text.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";
import { missing, perOperation } from "./per-operation.ts";
import { printAligned, printJson } from "./print-table.ts";
import { ManyCalls, measureStreams, STREAM_TITLES } from "./streams.ts";

const SIZES = [10_000, 100_000];
const STREAM_SIZES = [1000, 10_000, 20_000, 100_000];
/** What a gateway is to hold in less than 250 MB. */
const HELD = { bindings: 100_000, calls: 10_000, streams: 20_000 };
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

/** Tables of bindings with `count` endpoints, not bound yet. */
function endpointsOf(
  count: number,
  wheel: TimerWheel,
): { readonly endpoints: readonly Endpoint[]; readonly tables: readonly Bindings[] } {
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
  return { endpoints, tables };
}

function bind({ key, address, bindings }: Endpoint): void {
  const binding = bindings.create(key, { host: numberToIpv4(address), port: 5060 }, 0);
  if (typeof binding === "string") throw new Error(binding);
  const remote = endpointKey(REMOTE.address, REMOTE.port);
  binding.flows.set(remote, {
    ends: {
      inside: binding.inside,
      outside: { host: OUTSIDE, port: binding.port },
      remote: bindings.remote(remote, () => ({ host: numberToIpv4(REMOTE.address), port: REMOTE.port })),
      transport: "udp",
    },
    pinhole: false,
    verifiedAt: 0,
    routing: 0,
  });
  binding.host.askedToRegister(REMOTE.address, 3600);
  bindings.register(binding, ownText(`203.0.113.2 sip:${address}@example.com`), 3_600_000);
}

/** Megabytes of the process: empty, with the bindings, and with the calls as well. */
async function measureMemory(): Promise<number[]> {
  tuneGarbageCollector();
  await import("../../src/gateway/assemble.ts");
  const megabytes = (): number => {
    collectGarbage();
    return process.memoryUsage().rss / 1e6;
  };
  const empty = megabytes();
  const wheel = new TimerWheel(0);
  const { endpoints, tables } = endpointsOf(HELD.bindings, wheel);
  for (const endpoint of endpoints) bind(endpoint);
  const bound = megabytes();
  const calls = new ManyCalls(HELD.streams, 4096, HELD.streams / HELD.calls);
  for (let index = 0; index < HELD.calls; index++) calls.offer();
  for (const [index, stream] of calls.streams.entries()) {
    calls.answer(stream, index);
    calls.flow(stream, index);
  }
  calls.told();
  const all = megabytes();
  const held = tables.reduce((sum, { size }) => sum + size, 0);
  if (held !== HELD.bindings || calls.streams.length !== HELD.streams) missing(held);
  return [empty, bound, all];
}

function measure(count: number): string {
  const wheel = new TimerWheel(0);
  const { endpoints, tables } = endpointsOf(count, wheel);
  const remote = endpointKey(REMOTE.address, REMOTE.port);
  // Not in the order they were made: neighbours in memory would be quicker than a gateway finds them.
  const shuffled = endpoints.map((_, index) => endpoints[(index * 7919) % count] ?? missing(index));
  collectGarbage();
  const before = process.memoryUsage().heapUsed;

  const create = perOperation(endpoints, bind);
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
    const binding = bindings.byPort(port, "ipv4");
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
  return columns.join(" ");
}

function portOf(bindings: Bindings, key: number): number {
  const binding: Binding = bindings.byInside(key) ?? missing(key);
  return binding.port;
}

/** Runs this file again, so that no measurement has what another has left in memory; returns the figures. */
function apart(...args: string[]): string[] {
  const self = [fileURLToPath(import.meta.url), ...args];
  return execFileSync(process.execPath, self, { encoding: "utf8" }).trim().split(" ");
}

const whole = (number: number): string => number.toFixed(0);
const [argument, size] = process.argv.slice(2);
if (argument === "--bindings") {
  process.stdout.write(measure(Number(size)));
} else if (argument === "--streams") {
  process.stdout.write([size, ...measureStreams(Number(size)).map(whole)].join(" "));
} else if (argument === "--memory") {
  process.stdout.write((await measureMemory()).map(whole).join(" "));
} else {
  const { values: options } = parseArgs({
    options: { million: { type: "boolean" }, json: { type: "boolean" } },
  });
  const sizes = options.million === true ? [...SIZES, MILLION] : SIZES;
  const titles = "bindings addresses create outbound inbound timer close B/binding heap-MB rss-MB";
  const { bindings, streams, calls } = HELD;
  const print = options.json === true ? printJson : printAligned;
  print({
    name: "bindings",
    title: `nanoseconds per binding and operation, one external address per ${PER_ADDRESS}`,
    columns: titles.split(" "),
    rows: sizes.map((count) => apart("--bindings", `${count}`)),
  });
  print({
    name: "streams",
    title: "nanoseconds per stream and operation",
    columns: ["streams", ...STREAM_TITLES],
    rows: STREAM_SIZES.map((count) => apart("--streams", `${count}`)),
  });
  print({
    name: "held",
    title: `megabytes: ${bindings} bindings, then ${streams} streams of ${calls} calls beside them`,
    columns: ["empty", "bindings", "streams"],
    rows: [apart("--memory")],
  });
}
