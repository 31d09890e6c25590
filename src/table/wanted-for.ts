import { type Endpoint, isSameEndpoint } from "../packet/endpoint.ts";
import type { MediaFlow } from "./component-state.ts";
import { type Component, ofPair, type Stream } from "./streams.ts";
import type { MediaTarget } from "./target.ts";
import { FROM_ANY, type Wanted } from "./wanted.ts";

/**
 * Whose packets may open a media flow: the hosts the SDP names and the signalling peer, anybody, or the signalling
 * peer alone.
 */
export type SourcePolicy = "signalled" | "any" | "peer";

/** The kernel takes 4 expectations of a class per master and evicts the oldest beyond that, without a word. */
const MOST_OF_A_CLASS = 4;
/** So more port pairs than this cannot have an inbound and an outbound expectation each. */
export const MOST_PAIRS = MOST_OF_A_CLASS / 2;

/** What most components want until there is an answer. */
const OF_AN_OFFER: readonly Wanted[] = [FROM_ANY];
const NONE: readonly Wanted[] = [];

/**
 * The expectations a component needs while no media flows, given every answer its call has had.
 *
 * Before any answer, anyone may send to it (early media may come from anywhere); after that only the hosts that
 * `policy` allows. A remote on hold is sent nothing and sends nothing.
 *
 * @param targets what the remote parties' SDP says of this stream's m= line, the latest last
 */
export function wantedFor(
  component: Component,
  targets: readonly MediaTarget[],
  policy: SourcePolicy,
): readonly Wanted[] {
  const { stream } = component;
  if (targets.length === 0) return policy === "peer" ? [inbound(stream.peer)] : OF_AN_OFFER;
  const most = MOST_OF_A_CLASS / stream.target.count;
  const outbound: Wanted[] = [];
  const sources: (string | undefined)[] = [];
  for (const target of targets.length < most ? targets : targets.slice(1 - most)) {
    const remote = remoteOf(component, stream, target);
    // Port 0 rejects the line, its RTCP with it (RFC 3264 §6).
    if (remote === undefined || target.held || target.rtp.port === 0) continue;
    outbound.push({ direction: "outbound", remote });
    if (policy === "signalled" && !sources.includes(remote.host)) sources.push(remote.host);
  }
  if (outbound.length === 0) return NONE;
  if (policy === "any") sources.push(undefined);
  else if (policy === "peer" || sources.length + outbound.length < most) {
    if (!sources.includes(stream.peer)) sources.push(stream.peer);
  }
  // Forks that answer from several hosts would need more inbound slots than the kernel gives a master.
  const from = sources.length + outbound.length > most ? [undefined] : sources;
  // concat() leaves no room for more, and there are two of these for every stream.
  return from.map(inbound).concat(outbound);
}

/**
 * What of `wanted` a flow leaves to be expected: nothing when it is with the very endpoint the SDP names, as it then
 * carries both directions (RFC 4961); otherwise all of it, since the phone's own way out needs its twin beside it.
 */
export function unserved(wanted: readonly Wanted[], flow: MediaFlow | undefined): readonly Wanted[] {
  if (flow === undefined) return wanted;
  for (const one of wanted) {
    if (one.direction === "outbound" && isSameEndpoint(one.remote, flow.remote)) return NONE;
  }
  return wanted;
}

function inbound(source: string | undefined): Wanted {
  return source === undefined ? FROM_ANY : { direction: "inbound", source };
}

function remoteOf(component: Component, stream: Stream, target: MediaTarget): Endpoint | undefined {
  if (component.kind === "rtp") return ofPair(target.rtp, component.pair);
  if (target.rtcp === undefined || (target.mux && stream.mux)) return undefined;
  return ofPair(target.rtcp, component.pair);
}
