import type { Endpoint, Transport } from "../packet/endpoint.ts";
import { type Family, familyOf } from "../packet/host.ts";
import type { MediaDescription } from "../sdp/session.ts";
import type { Binding } from "../table/binding.ts";
import type { Calls } from "../table/calls.ts";
import type { Flow } from "../table/flows.ts";
import type { Component } from "../table/streams.ts";
import type { Mapping, MediaRewrite, Place, Rewrite } from "../translate/mapping.ts";
import { defaultPort } from "./media-target.ts";

/** Finds the binding a signalling port of our address of a family belongs to. */
export type BindingByPort = (port: number, transport: Transport, family: Family) => Binding | undefined;

/**
 * InboundMapping is the inverse of OutboundMapping: our external address in a message from outside becomes
 * what the phone itself wrote, and an SDP that names one of our own stream ports becomes the inside address
 * behind it, so that two phones behind the gateway speak directly (RFC 4787 REQ-9).
 */
export class InboundMapping implements Mapping {
  readonly #calls: Calls;
  readonly #bindingByPort: BindingByPort;
  #flow: Flow | undefined;
  /** Positions of m= lines that turned out to be streams of ours. */
  readonly hairpinned = new Set<number>();

  constructor(calls: Calls, bindingByPort: BindingByPort) {
    this.#calls = calls;
    this.#bindingByPort = bindingByPort;
  }

  /** Points the mapping at a message that travels on `flow`. */
  begin(flow: Flow): void {
    this.#flow = flow;
    // Clearing gives even an empty Set new memory.
    if (this.hairpinned.size > 0) this.hairpinned.clear();
  }

  signalling(
    host: string,
    port: number | undefined,
    transport: Transport,
    place: Place,
  ): Rewrite | undefined {
    const flow = this.#flow;
    if (flow === undefined || host !== flow.ends.outside.host) return undefined;
    const binding = this.#bindingByPort(port ?? defaultPort, transport, familyOf(host));
    if (binding === undefined) return undefined;
    const bare = binding.inside.port === defaultPort && (port === undefined || binding.portless.has(place));
    return { host: binding.inside.host, port: bare ? undefined : binding.inside.port };
  }

  media(line: MediaDescription): MediaRewrite | undefined {
    const flow = this.#flow;
    if (flow === undefined || line.host !== flow.ends.outside.host) return undefined;
    const component = this.#component(line.host, line.port);
    if (component === undefined) return undefined;
    this.hairpinned.add(line.index);
    const rtcp = component.stream.components.find(
      (other) => other.kind === "rtcp" && other.pair === component.pair,
    );
    return {
      host: component.inside.host,
      port: component.inside.port,
      rtcpPort: rtcp?.inside.port ?? component.inside.port + 1,
    };
  }

  candidate(host: string, port: number): Endpoint | undefined {
    if (host !== this.#flow?.ends.outside.host) return undefined;
    return this.#component(host, port)?.inside;
  }

  /** Whose a port of our address is; the other family's is none of it. */
  #component(host: string, port: number): Component | undefined {
    const component = this.#calls.streams.byPort(port);
    return component !== undefined && familyOf(component.inside.host) === familyOf(host)
      ? component
      : undefined;
  }

  host(host: string): string | undefined {
    const flow = this.#flow;
    return flow !== undefined && host === flow.ends.outside.host ? flow.ends.inside.host : undefined;
  }
}
