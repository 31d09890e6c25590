import type { ExpectationEntry } from "../kernel/expectation-message.ts";
import { expectationsOf } from "../table/component-state.ts";
import type { Component, Stream } from "../table/streams.ts";
import { type Wanted, wantedKey } from "../table/wanted.ts";

/** The name, within its component, of an expectation the kernel tells of (see `wantedKey`). */
export function keyOf(entry: ExpectationEntry): string {
  return wantedKey(wantedOf(entry));
}

/** An expectation that the kernel tells of, in the table's words. */
export function wantedOf(entry: ExpectationEntry): Wanted {
  return isInbound(entry)
    ? { direction: "inbound", source: entry.from.host }
    : { direction: "outbound", remote: entry.to };
}

/** The component of `stream` that has an external port. */
export function componentAt({ components }: Stream, port: number): Component | undefined {
  for (const component of components) if (component.port === port) return component;
  return undefined;
}

/** The component of `stream` that an expectation the kernel tells of belongs to. */
export function componentOf(stream: Stream, entry: ExpectationEntry): Component | undefined {
  const { from, to } = entry;
  if (isInbound(entry)) return componentAt(stream, to.port);
  const key = keyOf(entry);
  return stream.components.find((component) => {
    const isFrom = from.host === component.inside.host && from.port === component.inside.port;
    return isFrom || expectationsOf(component).has(key);
  });
}

/** Without NAT it shows by what it leaves open: we never expect an inbound flow from a certain port. */
function isInbound({ nat, from }: ExpectationEntry): boolean {
  return nat === undefined ? from.port === undefined : nat.direction === "inbound";
}
