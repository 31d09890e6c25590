import type { Endpoint } from "../packet/endpoint.ts";
import type { InsideHost } from "./binding.ts";
import { type ComponentState, PLANNED } from "./component-state.ts";
import type { FairItem, Share } from "./fair-queue.ts";
import type { Removed } from "./removals.ts";
import type { Listed, StreamList } from "./stream-list.ts";
import type { MediaTarget } from "./target.ts";
import type { TimerEntry } from "./timer-wheel.ts";
import type { Wanted } from "./wanted.ts";

/** What nothing is wanted for. */
export const NOTHING_WANTED: readonly Wanted[] = [];

/** Component is the RTP or the RTCP of a stream: one inside port and its one external port. */
export class Component implements FairItem<Component> {
  readonly stream: Stream;
  readonly kind: "rtp" | "rtcp";
  /** Which of the stream's port pairs it belongs to, from 0. */
  readonly pair: number;
  readonly inside: Endpoint;
  /** Its external port; of a host that is not translated, its own. */
  readonly port: number;
  state: ComponentState = PLANNED;
  /** The expectations that the call's SDP asks for while no media flows. */
  wanted: readonly Wanted[] = NOTHING_WANTED;
  /** Which state of what is said in the call `wanted` was worked out for, see `Call.said`; -1 for none. */
  wantedOf = -1;
  /** True when it was worked out for an expectation of any source that is kept. */
  keptAny = false;
  /** True when one of its remotes is known, so that its media may come at any moment. */
  answered = false;
  /** True once media has flowed: that makes it less urgent than one that has never been heard. */
  hasFlowed = false;
  /** How often somebody whom the SDP does not name has taken its expectation. */
  strays = 0;
  /** Those whose events are still to come. */
  removed: Removed | undefined = undefined;
  /** What whoever looks again at the kernel's entries notes of it meanwhile; nobody else looks at it. */
  watch: object | undefined = undefined;
  // What `Slots` has last noted of it: how many slots it holds, its rank, and whether it waits for more of them.
  held = 0;
  rank = 0;
  waits = false;
  share: Share<Component> | undefined = undefined;
  older: Component | undefined = undefined;
  younger: Component | undefined = undefined;

  constructor(stream: Stream, kind: "rtp" | "rtcp", pair: number, inside: Endpoint, port: number) {
    this.stream = stream;
    this.kind = kind;
    this.pair = pair;
    this.inside = inside;
    this.port = port;
  }
}

/** StreamOwner is the call a stream belongs to, as far as the stream's own keeping needs it. */
export interface StreamOwner {
  readonly callId: string;
  readonly host: InsideHost;
  readonly streams: StreamList<Stream>;
  readonly phase: "early" | "answered" | "ended";
  /** Milliseconds. */
  readonly beganAt: number;
  /** True while several remote parties ring, of whom each may send early media. */
  readonly isForking: boolean;
  /** True while the kernel forwards media of it; `quietSince` says in milliseconds since when it does not. */
  readonly isFlowing: boolean;
  quietSince: number;
  /** Media that flows shows that a 2xx was acknowledged, unless its ACK was bound to pass here. */
  mediaSeen(): void;
}

/** Stream is one m= line of one inside endpoint in one call, with its external ports. */
export class Stream implements TimerEntry, Listed<Stream> {
  /** 16 bits that, with the remote host, name its master conntrack. */
  id: number;
  readonly call: StreamOwner;
  /** What the inside party said of it when it was made. */
  readonly target: MediaTarget;
  /** What it carries now: a fax may take over the port of the call's audio. */
  media: string;
  /** First external port; `target.count` port pairs are held from there. Its own, and none held, without NAT. */
  readonly base: number;
  readonly components: readonly Component[];
  /** The master's far end, and whether the kernel has it. */
  readonly peer: string;
  master: "absent" | "present" = "absent";
  mux: boolean;
  /** True once the inside party holds it by c=0.0.0.0 (RFC 3264 §8.4): no line names it, and it keeps its ports. */
  held = false;
  /** The stream of its call that was made after it. */
  following: Stream | undefined = undefined;
  // It is its own timer, as a binding is.
  due = 0;
  next: TimerEntry | undefined = undefined;
  previous: TimerEntry | undefined = undefined;
  slot = -1;
  readonly #review: (stream: Stream, now: number) => void;

  /** @param review called when its timer is due */
  constructor(
    call: StreamOwner,
    target: MediaTarget,
    peer: string,
    base: number,
    id: number,
    review: (stream: Stream, now: number) => void,
  ) {
    this.id = id;
    this.call = call;
    this.target = target;
    this.media = target.media;
    this.base = base;
    this.peer = peer;
    this.mux = target.mux;
    this.#review = review;
    this.components = componentsOf(this, target, base);
  }

  expire(now: number): void {
    this.#review(this, now);
  }
}

/**
 * The components of a stream: RTP and, where there is any, RTCP of each of its port pairs.
 *
 * @param base its first external port
 */
function componentsOf(stream: Stream, { rtp, rtcp, count }: MediaTarget, base: number): Component[] {
  // An odd RTP port without RTCP keeps its parity (RFC 3550 §11 asks for an even one; udptl and others do not).
  const alone = rtcp === undefined ? rtp.port % 2 : 0;
  // As most are made, with no room for more.
  if (rtcp !== undefined && count === 1) {
    return [component(stream, "rtp", 0, rtp, base), component(stream, "rtcp", 0, rtcp, base + 1)];
  }
  const list: Component[] = [];
  for (let pair = 0; pair < count; pair++) {
    list.push(component(stream, "rtp", pair, rtp, base + alone));
    if (rtcp !== undefined) list.push(component(stream, "rtcp", pair, rtcp, base + 1));
  }
  return list;
}

function component(
  stream: Stream,
  kind: "rtp" | "rtcp",
  pair: number,
  first: Endpoint,
  port: number,
): Component {
  const inside = ofPair(first, pair);
  return new Component(
    stream,
    kind,
    pair,
    inside,
    stream.call.host.isTranslated ? port + 2 * pair : inside.port,
  );
}

/** The endpoint of one of several port pairs (RFC 4566 §5.14), of which `first` is that of the pair 0. */
export function ofPair(first: Endpoint, pair: number): Endpoint {
  return pair === 0 ? first : { host: first.host, port: first.port + 2 * pair };
}
