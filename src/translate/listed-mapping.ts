import type { Endpoint } from "../packet/endpoint.ts";
import type { MediaDescription } from "../sdp/session.ts";
import type { FlowEnds, Mapping, MediaRewrite, Rewrite } from "./mapping.ts";

/** One inside media address and the external port it has. */
export interface ListedPort {
  readonly inside: Endpoint;
  readonly externalPort: number;
}

/**
 * ListedMapping is a mapping written down in full, for a message that is looked at without a gateway: signalling
 * ports stay themselves, and media ports are as listed or stay themselves. Its two directions are inverse as long
 * as the list is one to one.
 */
export class ListedMapping {
  readonly outbound: Mapping;
  readonly inbound: Mapping;

  constructor(flow: FlowEnds, listed: readonly ListedPort[]) {
    const { inside, outside } = flow;
    const external = new Map(listed.map((entry) => [key(entry.inside), entry.externalPort]));
    const internal = new Map(listed.map((entry) => [entry.externalPort, entry.inside]));
    const hosts = new Set([inside.host, ...listed.map((entry) => entry.inside.host)]);
    const externalPort = (host: string, port: number): number => external.get(key({ host, port })) ?? port;
    const home = (port: number): Endpoint => internal.get(port) ?? { host: inside.host, port };
    this.outbound = {
      signalling: (_host, port) => ({ host: outside.host, port }),
      media: (line) => {
        if (!hosts.has(line.host)) return undefined;
        return rewrite(line, outside.host, (port) => externalPort(line.host, port));
      },
      host: (host) => (hosts.has(host) ? outside.host : undefined),
    };
    this.inbound = {
      signalling: (_host, port): Rewrite => ({ host: inside.host, port }),
      media: (line) => rewrite(line, home(line.port).host, (port) => home(port).port),
      candidate: (_host, port) => home(port),
      host: (host) => (host === outside.host ? inside.host : undefined),
    };
  }
}

function key({ host, port }: Endpoint): string {
  return `${host} ${port}`;
}

function rewrite(line: MediaDescription, host: string, portOf: (port: number) => number): MediaRewrite {
  const rtcp = line.rtcp.kind === "explicit" ? line.rtcp.port : (line.rtcpLine?.port ?? line.port + 1);
  return { host, port: portOf(line.port), rtcpPort: portOf(rtcp) };
}
