import type { Config } from "../config/schema.ts";
import { addressOf } from "../packet/address.ts";
import type { Transport } from "../packet/endpoint.ts";
import type { Arming } from "../table/arming.ts";
import { Bindings } from "../table/bindings.ts";
import { Calls } from "../table/calls.ts";
import { InsideHosts } from "../table/inside-hosts.ts";
import type { TableObserver } from "../table/observer.ts";
import { PortPool } from "../table/ports.ts";
import type { TimerWheel } from "../table/timer-wheel.ts";
import { translatedHosts } from "./translated-hosts.ts";

/** The table of one gateway: who speaks, and what they call. */
export interface Tables {
  readonly bindings: Readonly<Record<Transport, Bindings>>;
  readonly calls: Calls;
}

/** Tells whether somebody else, such as a local socket, holds a port of a transport. */
export type PortHeld = (port: number, transport: Transport) => boolean;

/**
 * Makes the empty table that a configuration describes.
 *
 * @param slots the most of the kernel's expectations that may be ours
 * @param arming carries out what the table has the kernel do
 * @param taken tells which external ports somebody else holds
 */
export function makeTables(
  config: Config,
  slots: number,
  wheel: TimerWheel,
  arming: Arming,
  observer: TableObserver,
  taken: PortHeld,
): Tables {
  const { timers, table, media } = config;
  const { signalling } = config.ports;
  const seconds = (value: number): number => value * 1000;
  const calls = new Calls(
    new PortPool(
      2,
      config.ports.media,
      (port) => taken(port, "udp") || (port >= signalling.first && port <= signalling.last),
    ),
    wheel,
    arming,
    {
      early: seconds(timers.early),
      answered: seconds(timers.answered),
      mediaIdle: seconds(timers.media_idle),
      linger: seconds(timers.linger),
    },
    {
      calls: table.max_streams,
      streams: table.max_streams,
      streamsPerHost: table.max_streams_per_endpoint,
      slots,
    },
    { renewal: seconds(timers.expectation) / 2, sources: media.source },
    observer,
  );
  const isTranslated = translatedHosts(config);
  const hosts = new InsideHosts((host) => isTranslated(addressOf(host)));
  const bindingsOf = (transport: Transport): Bindings =>
    new Bindings(
      transport,
      // Signalling that arrived outside this range would not be queued, and the media pool would not know of it.
      new PortPool(1, signalling, (port) => taken(port, transport), true),
      hosts,
      wheel,
      table.max_bindings,
      seconds(timers.binding),
      {
        changed: (binding) => observer.bindingChanged(binding),
        closed: (binding) => {
          calls.life.closeAll(binding);
          observer.bindingClosed(binding);
        },
      },
    );
  return { bindings: { udp: bindingsOf("udp"), tcp: bindingsOf("tcp") }, calls };
}
