import type { Binding, EndpointKey } from "../../table/binding.ts";
import type { Flow } from "../../table/flows.ts";
import type { HalfName, HeldSegment } from "./segments.ts";
import type { StreamHalf } from "./stream-half.ts";

/** Connection is one TCP connection between a binding and a remote endpoint, followed from its SYN. */
export interface Connection {
  readonly binding: Binding;
  readonly flow: Flow;
  readonly remote: EndpointKey;
  /** The direction of its SYN, which is the original one of its conntrack. */
  readonly began: HalfName;
  /** Undefined for the half that has not sent its SYN yet. */
  readonly halves: Record<HalfName, StreamHalf | undefined>;
  /** Segments without a verdict yet, in the order they came. */
  segments: HeldSegment[];
  /** True once who began has sent a whole SIP message before anything else. */
  isSip: boolean;
  /** Milliseconds since when segments wait; undefined when none do. */
  waitingSince: number | undefined;
  /** Halves that have sent FIN. */
  readonly finished: Set<HalfName>;
}

/** More connections are not followed: their bytes pass as they came. */
const MOST = 65_536;

/** Connections finds the connection of a segment, by the external port of its binding and the remote endpoint. */
export class Connections {
  readonly #byPort = new Map<number, Map<EndpointKey, Connection>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= MOST;
  }

  get(port: number, remote: EndpointKey): Connection | undefined {
    return this.#byPort.get(port)?.get(remote);
  }

  add(connection: Connection): void {
    const { port } = connection.binding;
    let ofPort = this.#byPort.get(port);
    if (ofPort === undefined) {
      ofPort = new Map();
      this.#byPort.set(port, ofPort);
    }
    ofPort.set(connection.remote, connection);
    this.#size++;
  }

  /** Returns false when it was not there. */
  remove(connection: Connection): boolean {
    const { port } = connection.binding;
    const ofPort = this.#byPort.get(port);
    if (ofPort?.get(connection.remote) !== connection) return false;
    ofPort.delete(connection.remote);
    if (ofPort.size === 0) this.#byPort.delete(port);
    this.#size--;
    return true;
  }

  *values(): Generator<Connection> {
    for (const ofPort of this.#byPort.values()) yield* ofPort.values();
  }
}
