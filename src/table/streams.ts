import type { Endpoint, Transport } from "../packet/endpoint.ts";
import type { InsideHost } from "./inside-hosts.ts";

/** What an SDP says of one m= line, whichever side sent it: where its media and its RTCP are to be sent. */
export interface MediaTarget {
  readonly index: number;
  readonly media: string;
  readonly transport: Transport;
  readonly rtp: Endpoint;
  /** undefined when the stream has no RTCP (udptl, TCP). */
  readonly rtcp: Endpoint | undefined;
  /** Offers or accepts RTCP on the RTP port (RFC 5761 §5.1.1): it holds when both sides say so. */
  readonly mux: boolean;
  /** Consecutive port pairs (RFC 4566 §5.14). */
  readonly count: number;
  /** c= is 0.0.0.0 or :: (RFC 3264 §8.4): nothing is to be sent there now. */
  readonly held: boolean;
}

/**
 * One expectation that a component wants in the kernel. `source` undefined lets any host in; the outbound one
 * gives the phone's own first packet the component's external port.
 */
export type Wanted =
  | { readonly direction: "inbound"; readonly source: string | undefined }
  | { readonly direction: "outbound"; readonly remote: Endpoint };

/**
 * What the kernel holds for a component.
 *
 * planned: ports are given, no slot is held. armed: its expectations are in the kernel. flowing: a packet has
 * consumed one of them, so the kernel forwards its media without any slot.
 */
export type ComponentState =
  | { readonly kind: "planned" }
  | { readonly kind: "armed"; readonly until: number }
  | { readonly kind: "flowing"; readonly since: number };

/** Component is the RTP or the RTCP of a stream: one inside port and its one external port. */
export interface Component {
  readonly kind: "rtp" | "rtcp";
  /** Which of the stream's port pairs it belongs to, from 0. */
  readonly pair: number;
  readonly inside: Endpoint;
  /** Its external port. */
  readonly port: number;
  state: ComponentState;
  /** The expectations now in the kernel, by `wantedKey`. */
  readonly armed: Map<string, Wanted>;
  /** How many events of each key are still to come for expectations that we took out ourselves. */
  readonly removed: Map<string, number>;
  /** Keys wanted when it began to flow: while they stay the same, a new SDP creates nothing. */
  flowingFor: string;
}

/** StreamOwner is the call a stream belongs to, as far as the stream's own keeping needs it. */
export interface StreamOwner {
  readonly callId: string;
  readonly host: InsideHost;
  readonly streams: Map<string, Stream>;
  /** True while several remote parties ring, of whom each may send early media. */
  readonly isForking: boolean;
}

/** Stream is one m= line of one inside endpoint in one call, with its external ports. */
export interface Stream {
  /** 16 bits that, with the remote host, name its master conntrack. */
  readonly id: number;
  readonly call: StreamOwner;
  readonly key: string;
  readonly media: string;
  readonly transport: Transport;
  readonly inside: Endpoint;
  /** First external port; `units` port pairs are held from there. */
  readonly base: number;
  readonly units: number;
  readonly components: readonly Component[];
  /** The master's far end, and whether the kernel has it. */
  readonly peer: string;
  master: "absent" | "present";
  mux: boolean;
}

/** The name of an expectation within its component. */
export function wantedKey(wanted: Wanted): string {
  return wanted.direction === "inbound"
    ? `in ${wanted.source ?? "any"}`
    : `out ${wanted.remote.host} ${wanted.remote.port}`;
}

/** The kernel takes 4 expectations of a class per master and evicts the oldest beyond that, without a word. */
const MOST_OF_A_CLASS = 4;
/** So more port pairs than this cannot have an inbound and an outbound expectation each. */
export const MOST_PAIRS = MOST_OF_A_CLASS / 2;

/**
 * The expectations a component needs, given every answer its call has had.
 *
 * Before any answer, anyone may send to it (early media may come from anywhere); after that only the hosts the
 * answers named. A remote on hold is sent nothing and sends nothing.
 *
 * @param targets what the remote parties' SDP says of this stream's m= line, the latest last
 * @param anySource let media in from any host even when the remote is known
 */
export function wantedFor(
  component: Component,
  stream: Stream,
  targets: readonly MediaTarget[],
  anySource: boolean,
): Wanted[] {
  if (targets.length === 0) return [{ direction: "inbound", source: undefined }];
  const wanted: Wanted[] = [];
  const sources = new Set<string | undefined>();
  const mostRemotes = MOST_OF_A_CLASS / stream.units - 1;
  for (const target of targets.slice(-mostRemotes)) {
    const remote = remoteOf(component, stream, target);
    // Port 0 rejects the line, its RTCP with it (RFC 3264 §6).
    if (remote === undefined || target.held || target.rtp.port === 0) continue;
    wanted.push({ direction: "outbound", remote });
    sources.add(anySource ? undefined : remote.host);
  }
  // Forks that answer from several hosts would need more inbound slots than the kernel gives a master.
  if (sources.size > 1) wanted.unshift({ direction: "inbound", source: undefined });
  else for (const source of sources) wanted.unshift({ direction: "inbound", source });
  return wanted;
}

function remoteOf(component: Component, stream: Stream, target: MediaTarget): Endpoint | undefined {
  const offset = 2 * component.pair;
  if (component.kind === "rtp") return { host: target.rtp.host, port: target.rtp.port + offset };
  if (target.rtcp === undefined || (target.mux && stream.mux)) return undefined;
  return { host: target.rtcp.host, port: target.rtcp.port + offset };
}
