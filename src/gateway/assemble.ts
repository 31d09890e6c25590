import type { Config } from "../config/schema.ts";
import { Conntrack } from "../kernel/conntrack.ts";
import { watchExpectations } from "../kernel/events.ts";
import { type Interface, readInterface, watchInterfaces } from "../kernel/interfaces.ts";
import { KernelError } from "../kernel/kernel-error.ts";
import { LocalSockets } from "../kernel/local-sockets.ts";
import type { Native } from "../kernel/native.ts";
import { Queue } from "../kernel/queue.ts";
import { Routes } from "../kernel/routes.ts";
import { readUdpTimeouts } from "../kernel/sysctl.ts";
import { Counters } from "../observe/counters.ts";
import { LogBudget, type Logger } from "../observe/log.ts";
import { Network } from "../packet/network.ts";
import { TimerWheel } from "../table/timer-wheel.ts";
import { KernelArming, MASTER_PORT } from "./arming.ts";
import type { GatewayContext } from "./context.ts";
import { externalAddress } from "./external-address.ts";
import { Gateway, type Sides } from "./gateway.ts";
import { mediaHostPolicy } from "./media-hosts.ts";
import { modeRules } from "./modes.ts";
import { Pins } from "./pins.ts";
import { routeToDestination } from "./route.ts";
import { StrayEntries } from "./stray-entries.ts";
import { makeTables } from "./tables.ts";

/** Packets the kernel holds for us in a burst, and the socket buffer they need. */
const QUEUE_LENGTH = 16_384;
const RECEIVE_BUFFER = 64 << 20;
/** Seconds a master lives: longer than any call. */
const MASTER_TIMEOUT = 7 * 24 * 3600;
const TICK = 250;
const REFRESH_SOCKETS = 5000;

/** The configuration once both sides have been named. */
export type GatewayConfig = Config & { readonly outside: string };

/** A gateway at work. */
export interface RunningGateway {
  /** Everything there is to count, as plain values. */
  stats(): Record<string, unknown>;
  /** Releases the queue and every socket; the rules and the kernel's entries stay. Safe to call twice. */
  close(): void;
}

/**
 * Puts the whole gateway together and starts it: when this returns, the queue is bound.
 *
 * @throws KernelError when an interface is missing, has no address, or the kernel refuses something
 */
export function startGateway(native: Native, config: GatewayConfig, log: Logger): RunningGateway {
  const clock = (): number => performance.now();
  const inside = config.inside.map((name) => readInterface(native, name));
  const outside = readInterface(native, config.outside);
  const external = externalAddress(chooseAddress(outside, config.address), config.advertise);
  const sides: Sides = {
    inside: new Set(inside.map(({ index }) => index)),
    outside: outside.index,
    mtu: outside.mtu,
  };

  const counters = new Counters();
  const budget = new LogBudget(log);
  const sockets = new LocalSockets();
  const wheel = new TimerWheel(clock());
  const conntrack = Conntrack.open(native);
  const routes = Routes.open(native);

  const externalNow = (): GatewayContext["external"] => context.external;
  const now = (): number => context.now;
  const mark = config.media.mark === 0 ? undefined : config.media.mark;
  const stray = new StrayEntries(conntrack, () => externalNow().host, counters);
  const { bindings, calls } = makeTables(
    config,
    wheel,
    new KernelArming(
      conntrack,
      externalNow,
      now,
      { expectationTimeout: config.timers.expectation, masterTimeout: MASTER_TIMEOUT, mark },
      stray,
      counters,
      budget,
    ),
    (port, transport) => sockets.holds(port, transport),
  );
  // Half of the shorter of the kernel's two timeouts: within it a flow's entry cannot have gone by itself.
  const udpTimeouts = readUdpTimeouts();
  const networks = config.networks.map(Network.parse);
  const context: GatewayContext = {
    bindings,
    calls,
    pins: new Pins(
      conntrack,
      externalNow,
      (Math.min(udpTimeouts.unreplied, udpTimeouts.stream) * 1000) / 2,
      counters,
    ),
    conntrack,
    stray,
    counters,
    log,
    budget,
    routeOf: routeToDestination(routes, sides),
    isTranslated: (address) => networks.some((network) => network.contains(address)),
    modeOf: modeRules(config.modes),
    now: clock(),
    external,
  };
  const mediaHost = mediaHostPolicy(networks, config.media.hosts.map(Network.parse));
  const gateway = new Gateway(context, sides, mediaHost, wheel, clock);
  const queue = Queue.open(
    native,
    { number: config.queue, length: QUEUE_LENGTH, receiveBuffer: RECEIVE_BUFFER },
    (batch) => gateway.handleBatch(batch),
  );
  const open: { close(): void }[] = [queue, routes, conntrack];
  const close = (): void => {
    for (const one of open.splice(0)) one.close();
  };
  try {
    // Only who holds the queue may take out what is left: a second daemon would take out the first one's.
    const leftOver = removeLeftMasters(conntrack);
    if (leftOver > 0) log.info({ masters: leftOver }, "masters of an earlier run were taken out");
    open.push(
      watchExpectations(
        native,
        (entry) => gateway.expectationDestroyed(entry),
        () => gateway.eventsLost(),
      ),
      watchInterfaces(native, () => follow(native, config, sides, gateway, context, log)),
      every(TICK, () => gateway.tick()),
      every(REFRESH_SOCKETS, () => sockets.refresh()),
    );
  } catch (error) {
    close();
    throw error;
  }

  return {
    stats: () => ({
      external: context.external.host,
      advertised: context.external.advertised,
      bindings: bindings.udp.size + bindings.tcp.size,
      calls: calls.calls,
      streams: calls.streams,
      counters,
      queue: queue.counts(),
    }),
    close,
  };
}

/**
 * Takes out the masters that an earlier run left, and with them expectations nobody would follow up. Media that
 * flows already goes on: a flow outlives its master.
 *
 * @returns how many there were
 */
function removeLeftMasters(conntrack: Conntrack): number {
  const destination = { protocol: "udp", port: MASTER_PORT } as const;
  // The dump is read to its end first: entries that are deleted under it would interrupt it.
  const masters = [...conntrack.dumpConntrack({ family: "ipv4", destination })].filter(
    (entry) => entry.helper === "sip" && entry.original.destination.port === MASTER_PORT,
  );
  for (const { original } of masters) conntrack.remove(original);
  return masters.length;
}

function every(milliseconds: number, work: () => void): { close(): void } {
  const timer = setInterval(work, milliseconds);
  return { close: () => clearInterval(timer) };
}

/** Takes in that an interface was made anew or has another address. */
function follow(
  native: Native,
  config: GatewayConfig,
  sides: Sides,
  gateway: Gateway,
  context: GatewayContext,
  log: Logger,
): void {
  try {
    const outside = readInterface(native, config.outside);
    sides.inside = new Set(config.inside.map((name) => readInterface(native, name).index));
    sides.outside = outside.index;
    sides.mtu = outside.mtu;
    const host = chooseAddress(outside, config.address);
    if (host === context.external.host) return;
    log.info({ from: context.external.host, to: host }, "the external address changed");
    gateway.externalChanged(externalAddress(host, config.advertise));
  } catch (error) {
    // An interface that is down for a moment comes back with another event; until then all stays as it is.
    log.warn({ err: error }, "interfaces changed and cannot be used now");
  }
}

function chooseAddress(outside: Interface, wanted: string | undefined): string {
  const chosen = wanted === undefined ? outside.ipv4[0] : outside.ipv4.find((one) => one === wanted);
  if (chosen !== undefined) return chosen;
  const has = outside.ipv4.length === 0 ? "none" : outside.ipv4.join(", ");
  const detail =
    wanted === undefined
      ? "it has no IPv4 address; give it one"
      : `it does not have the configured address ${wanted} (it has ${has})`;
  throw new KernelError(`use outside interface ${outside.name}`, "EADDRNOTAVAIL", detail);
}
