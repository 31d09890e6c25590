import { Conntrack } from "../kernel/conntrack.ts";
import { watchTables } from "../kernel/events.ts";
import { readInterface, watchInterfaces } from "../kernel/interfaces.ts";
import { LocalSockets } from "../kernel/local-sockets.ts";
import type { Native } from "../kernel/native.ts";
import { Queue } from "../kernel/queue.ts";
import { Routes, watchRoutes } from "../kernel/routes.ts";
import { readUdpTimeouts } from "../kernel/sysctl.ts";
import { Counters } from "../observe/counters.ts";
import { LogBudget, type Logger } from "../observe/log.ts";
import type { Address } from "../packet/address.ts";
import { inNetwork } from "../packet/in-network.ts";
import { isRoutableIpv6 } from "../packet/ipv6.ts";
import { unobserved } from "../table/observer.ts";
import { TimerWheel } from "../table/timer-wheel.ts";
import { AdoptedFlows } from "./adopted-flows.ts";
import { KernelArming } from "./arming.ts";
import { chooseExternal } from "./choose-external.ts";
import type { GatewayContext } from "./context.ts";
import { followInterfaces } from "./follow-interfaces.ts";
import { Gateway } from "./gateway.ts";
import type { GatewayConfig } from "./gateway-config.ts";
import { KernelEvents } from "./kernel-events.ts";
import { kernelSlots } from "./kernel-slots.ts";
import { mediaHostPolicy } from "./media-hosts.ts";
import { modeRules } from "./modes.ts";
import { openPersistence } from "./persistence.ts";
import { Pins } from "./pins.ts";
import { type Reconciled, reconcile } from "./reconcile.ts";
import { routedInside, routeToDestination, type Sides } from "./route.ts";
import { Rows } from "./rows/rows.ts";
import { type GatewayStats, statisticsOf } from "./stats.ts";
import { StrayEntries } from "./stray-entries.ts";
import { observeTable } from "./table-observer.ts";
import { makeTables } from "./tables.ts";

/**
 * Packets the kernel holds for us in a burst, and the socket buffer they need. Behind more of them a message would wait
 * for longer than T1, after which its sender sends it again (RFC 3261 §17.1.1.1): what cannot be done in time is dropped
 * while it is one message and not two.
 */
const QUEUE_LENGTH = 4096;
const RECEIVE_BUFFER = 64 << 20;
/** Microseconds for packets to gather in when they come by the ten thousand a second: less than any of them minds. */
const PAUSE = 200;
/** Seconds a master lives: longer than any call. */
const MASTER_TIMEOUT = 7 * 24 * 3600;
const TICK = 250;
/** Where providers listen; a flow to there that ends in the kernel is pinned anew. */
const SIP_PORTS = { first: 5060, last: 5061 };
const REFRESH_SOCKETS = 5000;

/** A gateway at work. */
export interface RunningGateway {
  /** Everything there is to count, as plain values. */
  stats(): GatewayStats;
  /** What is in the table. */
  readonly rows: Rows;
  /** Releases the queue, the store and every socket; the rules and the kernel's entries stay. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Puts the whole gateway together and starts it: when this returns, the queue is bound.
 *
 * @throws KernelError when an interface is missing, has no address, or the kernel refuses something
 */
export async function startGateway(
  native: Native,
  config: GatewayConfig,
  log: Logger,
): Promise<RunningGateway> {
  // Whole milliseconds: a number with a fraction is an object of its own wherever it is kept.
  const clock = (): number => Math.floor(performance.now());
  const epoch = Date.now() - clock();
  const inside = config.inside.map((name) => readInterface(native, name));
  const outside = readInterface(native, config.outside);
  const external = chooseExternal(outside, config);
  const sides: Sides = {
    inside: new Set(inside.map(({ index }) => index)),
    outside: outside.index,
    mtu: outside.mtu,
  };

  const counters = new Counters();
  const budget = new LogBudget(log);
  const keptBy = openPersistence(config.store, epoch, log);
  const sockets = new LocalSockets();
  const wheel = new TimerWheel(clock());
  const conntrack = Conntrack.open(native);
  const routes = Routes.open(native);

  const externalNow = (): GatewayContext["external"] => context.external;
  const now = (): number => context.now;
  const mark = config.media.mark === 0 ? undefined : config.media.mark;
  const stray = new StrayEntries(
    conntrack,
    externalNow,
    counters,
    (port) => calls.streams.byPort(port),
    (component, remote) => adopted.adopt(component, remote, context.now),
  );
  const { bindings, calls } = makeTables(
    config,
    kernelSlots(config, log),
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
    observeTable(counters, log, budget, now, keptBy?.journal ?? unobserved),
    (port, transport) => sockets.holds(port, transport),
  );
  const adopted = new AdoptedFlows(calls, stray);
  // Half of the shorter of the kernel's two timeouts: within it a flow's entry cannot have gone by itself.
  const udpTimeouts = readUdpTimeouts();
  const networks = config.networks.map(inNetwork);
  const peers = config.peers.map(inNetwork);
  const isTranslated = (address: Address): boolean => networks.some((contains) => contains(address));
  const isInside = routedInside(routes, sides);
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
    isServed: (address) =>
      typeof address === "number" ? isTranslated(address) : isRoutableIpv6(address) && isInside(address),
    isPeer: (address) => peers.some((contains) => contains(address)),
    modeOf: modeRules(config),
    routing: 0,
    now: clock(),
    external,
  };
  const mediaHost = mediaHostPolicy(
    (address) => (typeof address === "number" ? isTranslated(address) : isInside(address)),
    config.media.hosts.map(inNetwork),
  );
  let queue: Queue | undefined;
  const gateway = new Gateway(context, sides, mediaHost, wheel, clock, (id, packet) =>
    queue?.accept(id, packet),
  );
  const bringTogether = (): Reconciled => {
    const found = reconcile(conntrack, calls, stray, adopted, context.now);
    gateway.settle();
    return found;
  };
  let isBehind = false;
  await keptBy?.restore({ bindings, calls }, context.now);
  const open: { close(): void }[] = [routes, conntrack];
  const close = async (): Promise<void> => {
    for (const one of open.splice(0)) one.close();
    await keptBy?.close();
  };
  try {
    const opened = Queue.open(
      native,
      { number: config.queue, length: QUEUE_LENGTH, receiveBuffer: RECEIVE_BUFFER, pause: PAUSE },
      (batch) => gateway.handleBatch(batch),
    );
    queue = opened;
    open.unshift(opened);
    const events = new KernelEvents(context, conntrack, stray, clock, gateway, () => {
      // Not before the events that wait behind the lost ones have been taken in.
      isBehind = true;
    });
    open.push(watchTables(native, [SIP_PORTS, config.ports.signalling], events, conntrack.port));
    // Only who holds the queue may take out what is left: a second daemon would take out the first one's.
    const found = bringTogether();
    if (found.masters + found.expectations + found.flows > 0) log.info(found, "entries of an earlier run");
    open.push(
      watchRoutes(native, () => {
        context.routing++;
      }),
      watchInterfaces(native, () => followInterfaces(native, config, sides, gateway, context, log)),
      every(TICK, log, () => {
        gateway.tick();
        adopted.check(context.now);
      }),
      // Apart from the timers, which go on where the kernel cannot be asked.
      every(TICK, log, () => {
        if (isBehind) bringTogether();
        isBehind = false;
      }),
      every(REFRESH_SOCKETS, log, () => sockets.refresh()),
    );
    const stats = statisticsOf(context, config.table, opened, () => keptBy?.statistics(), epoch);
    return { stats, rows: new Rows(context, clock), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What fails once, as when the kernel is short of memory, is tried again the next time. */
function every(milliseconds: number, log: Logger, work: () => void): { close(): void } {
  const timer = setInterval(() => {
    try {
      work();
    } catch (error) {
      log.error({ err: error }, "what is done again and again failed this time");
    }
  }, milliseconds);
  return { close: () => clearInterval(timer) };
}
