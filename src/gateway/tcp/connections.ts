import type { SequenceAdjustment } from "../../kernel/sequence-adjustment.ts";
import { type EndpointKey, keyOfEndpoint } from "../../packet/address.ts";
import type { Binding } from "../../table/binding.ts";
import type { Flow } from "../../table/flows.ts";
import type { HalfName, HeldSegment } from "./held-segment.ts";
import type { StreamHalf } from "./stream-half.ts";

/** Connection is one TCP connection between a binding and a remote endpoint, followed from its SYN or since a restart. */
export interface Connection {
  readonly binding: Binding;
  readonly flow: Flow;
  readonly remote: EndpointKey;
  /** The direction of its SYN, which is the original one of its conntrack. */
  readonly began: HalfName;
  /** Of a connection that an earlier run has followed: what the kernel makes of the numbers of each half. */
  readonly adjusted: Readonly<Record<HalfName, SequenceAdjustment>> | undefined;
  /** Undefined for the half that has not sent its SYN yet, or after a restart no message. */
  readonly halves: Record<HalfName, StreamHalf | undefined>;
  /** The sequence number that the phone expects next of the inbound half, which is not begun yet. */
  expected: number | undefined;
  /** Segments without a verdict yet, in the order they came. */
  segments: HeldSegment[];
  /** True once who began has sent a whole SIP message before anything else. */
  isSip: boolean;
  /** Milliseconds since when segments wait; undefined when none do. */
  waitingSince: number | undefined;
  /** Halves that have sent FIN. */
  readonly finished: Set<HalfName>;
}

/** A connection of which nothing has been seen yet; one that an earlier run has followed has carried SIP. */
export function newConnection(
  begun: Pick<Connection, "binding" | "flow" | "began" | "adjusted">,
): Connection {
  return {
    ...begun,
    remote: keyOfEndpoint(begun.flow.ends.remote),
    halves: { outbound: undefined, inbound: undefined },
    expected: undefined,
    segments: [],
    isSip: begun.adjusted !== undefined,
    waitingSince: undefined,
    finished: new Set(),
  };
}

/** Neither half looks for messages any more. */
export function giveUpHalves({ halves }: Connection): void {
  halves.outbound?.giveUp();
  halves.inbound?.giveUp();
}

/** More connections are not followed: their bytes pass as they came. */
const MOST = 65_536;

/** Connections finds the connection of a segment, by its binding and the remote endpoint. */
export class Connections {
  readonly #byBinding = new Map<Binding, Map<EndpointKey, Connection>>();
  #size = 0;

  get isFull(): boolean {
    return this.#size >= MOST;
  }

  get(binding: Binding, remote: EndpointKey): Connection | undefined {
    return this.#byBinding.get(binding)?.get(remote);
  }

  add(connection: Connection): void {
    const { binding } = connection;
    let ofBinding = this.#byBinding.get(binding);
    if (ofBinding === undefined) {
      ofBinding = new Map();
      this.#byBinding.set(binding, ofBinding);
    }
    ofBinding.set(connection.remote, connection);
    this.#size++;
  }

  /** Returns false when it was not there. */
  remove(connection: Connection): boolean {
    const { binding } = connection;
    const ofBinding = this.#byBinding.get(binding);
    if (ofBinding?.get(connection.remote) !== connection) return false;
    ofBinding.delete(connection.remote);
    if (ofBinding.size === 0) this.#byBinding.delete(binding);
    this.#size--;
    return true;
  }

  *values(): Generator<Connection> {
    for (const ofBinding of this.#byBinding.values()) yield* ofBinding.values();
  }
}
