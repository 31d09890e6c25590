import { type Address, addressOf, type EndpointKey, endpointKey } from "../packet/address.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { Call } from "./call.ts";
import type { PortPool } from "./ports.ts";
import { type Component, Stream } from "./streams.ts";
import type { MediaTarget } from "./target.ts";
import { MOST_PAIRS } from "./wanted-for.ts";

/** Why a stream could not be made. */
export type StreamRefusal = "table-full" | "ports-exhausted" | "too-many-ports";

/** The most streams, and those of one inside host, that are held. */
export interface StreamLimits {
  readonly streams: number;
  readonly streamsPerHost: number;
}

/** Streams of one call; those that no SDP of it names any more are freed by the next 2xx, see `Calls.agreed`. */
const MOST_STREAMS_OF_A_CALL = 32;
/** Ids looked at for a free one, so that finding none is bounded work too. */
const ID_SEARCH = 256;
const MOST_IDS = 65_535;
const PORTS = 65_536;

/** StreamTable makes and frees streams, with their ports and ids, and finds them by both. */
export class StreamTable {
  readonly #ports: PortPool;
  readonly #limits: StreamLimits;
  readonly #review: (stream: Stream, now: number) => void;
  readonly #byMaster = new Map<EndpointKey, Stream>();
  /** By external port. */
  readonly #byPort = new Array<Component | undefined>(PORTS).fill(undefined);
  /** Those of hosts that are not translated. */
  readonly #byEndpoint = new Map<EndpointKey, Component>();

  /** @param review called when a stream's timer is due */
  constructor(ports: PortPool, limits: StreamLimits, review: (stream: Stream, now: number) => void) {
    this.#ports = ports;
    this.#limits = limits;
    this.#review = review;
  }

  get size(): number {
    return this.#byMaster.size;
  }

  get isFull(): boolean {
    return this.#byMaster.size >= this.#limits.streams;
  }

  values(): IterableIterator<Stream> {
    return this.#byMaster.values();
  }

  /** The stream whose master leads to this remote host and has this id. */
  byMaster(peer: Address, id: number): Stream | undefined {
    return this.#byMaster.get(masterKey(peer, id));
  }

  /** The component an external media port belongs to. */
  byPort(port: number): Component | undefined {
    return this.#byPort[port];
  }

  /** The component of a host that is not translated at this endpoint; of several calls that name it, the latest one's. */
  byEndpoint({ host, port }: Endpoint): Component | undefined {
    return this.#byEndpoint.get(endpointKey(host, port));
  }

  /**
   * Makes a stream of a call, with external ports of its own.
   *
   * @param peer the remote signalling host
   * @param port "exactly": only with the inside port for its external one
   */
  make(call: Call, target: MediaTarget, peer: string, port: "any" | "exactly"): Stream | StreamRefusal {
    if (target.count > MOST_PAIRS) return "too-many-ports";
    const { host } = call;
    if (call.streams.size >= MOST_STREAMS_OF_A_CALL) return "table-full";
    if (host.streams >= this.#limits.streamsPerHost || this.isFull) return "table-full";
    const id = this.#newId(peer);
    if (id === undefined) return "table-full";
    const base = host.isTranslated ? this.#portFor(target, port) : target.rtp.port;
    if (base === undefined) return "ports-exhausted";
    return this.#put(call, target, peer, base, id);
  }

  /**
   * Puts back a stream that an earlier run had made.
   *
   * @returns undefined when its ports are not free or its id is taken
   */
  restore(call: Call, target: MediaTarget, peer: string, base: number, id: number): Stream | undefined {
    if (this.isFull || this.#byMaster.has(masterKey(peer, id))) return undefined;
    if (call.host.isTranslated && !this.#ports.adopt(base, target.count)) return undefined;
    return this.#put(call, target, peer, base, id);
  }

  /** Gives a stream another id, when something else in the kernel has the one it had, if there is one. */
  renumber(stream: Stream): void {
    const id = this.#newId(stream.peer);
    if (id === undefined) return;
    this.#byMaster.delete(masterKey(stream.peer, stream.id));
    stream.id = id;
    this.#byMaster.set(masterKey(stream.peer, id), stream);
  }

  /** Frees a stream's ports and id. */
  free(stream: Stream): void {
    const { call, target, base, peer, id } = stream;
    const { isTranslated } = call.host;
    for (const component of stream.components) {
      if (this.byPort(component.port) === component) this.#byPort[component.port] = undefined;
      else if (this.byEndpoint(component.inside) === component) this.#byEndpoint.delete(keyOf(component));
    }
    if (isTranslated) this.#ports.give(base, target.count);
    call.host.streams--;
    call.streams.delete(stream);
    this.#byMaster.delete(masterKey(peer, id));
  }

  #put(call: Call, target: MediaTarget, peer: string, base: number, id: number): Stream {
    const stream = new Stream(call, target, peer, base, id, this.#review);
    call.streams.add(stream);
    call.host.streams++;
    this.#byMaster.set(masterKey(peer, id), stream);
    for (const component of stream.components) {
      if (call.host.isTranslated) this.#byPort[component.port] = component;
      else this.#byEndpoint.set(keyOf(component), component);
    }
    return stream;
  }

  #portFor(target: MediaTarget, port: "any" | "exactly"): number | undefined {
    return port === "any" ? this.#ports.take(target.rtp.port, target.count) : this.#adopt(target);
  }

  /** An odd RTP port has its RTCP in the next pair, which is not held with it. */
  #adopt({ rtp, rtcp, count }: MediaTarget): number | undefined {
    const whole = count === 1 && (rtcp === undefined || rtp.port % 2 === 0);
    return whole && this.#ports.adopt(rtp.port) ? rtp.port - (rtp.port % 2) : undefined;
  }

  /** The kernel knows a master by the remote host and this id, whichever inside host it is for. */
  #newId(peer: string): number | undefined {
    for (let tried = 0; tried < ID_SEARCH; tried++) {
      // At random, so that no run of ids in use, such as those of an earlier run, is longer than the search.
      const id = 1 + Math.floor(Math.random() * MOST_IDS);
      if (!this.#byMaster.has(masterKey(peer, id))) return id;
    }
    return undefined;
  }
}

function keyOf({ inside }: Component): EndpointKey {
  return endpointKey(inside.host, inside.port);
}

function masterKey(peer: Address, id: number): EndpointKey {
  return endpointKey(typeof peer === "number" ? peer : addressOf(peer), id);
}
