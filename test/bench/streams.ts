import type { Arming } from "../../src/table/arming.ts";
import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import type { Call } from "../../src/table/call.ts";
import { Calls } from "../../src/table/calls.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { unobserved } from "../../src/table/observer.ts";
import { PortPool } from "../../src/table/ports.ts";
import type { Stream } from "../../src/table/streams.ts";
import type { MediaTarget } from "../../src/table/target.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";
import { ANY_SOURCE } from "../../src/table/wanted.ts";
import { missing, perOperation } from "./per-operation.ts";

/** Streams of one external address, and calls of one inside host. */
const PER_ADDRESS = 30_000;
const CALLS_OF_A_HOST = 10;
/** Of an offer: RTP and RTCP, in from anywhere. */
const SLOTS_OF_AN_OFFER = 2;
const EVICTIONS = 1000;
const PEER = "203.0.113.2";
const MEDIA_SERVER = "203.0.113.3";
const TIMERS = { early: 180_000, answered: 7_200_000, mediaIdle: 3_600_000, linger: 5000 };

/** A kernel that takes everything. */
const TAKES_ALL: Arming = {
  arm: ({ stream }) => {
    stream.master = "present";
  },
  renew: () => undefined,
  disarm: () => undefined,
  release: (stream) => {
    stream.master = "absent";
  },
};

/** Calls of `count` streams, each of a call of its own unless `ofACall` says otherwise. */
export class ManyCalls {
  readonly streams: { readonly calls: Calls; readonly call: Call; readonly stream: Stream }[] = [];
  readonly #wheel = new TimerWheel(0);
  readonly #tables: readonly Calls[];
  readonly #bindings: Bindings;
  readonly #ofACall: number;

  /** @param slots of the kernel's expectation table, for each external address */
  constructor(count: number, slots: number, ofACall = 1) {
    this.#ofACall = ofACall;
    const pool = new PortPool(1, { first: 1024, last: 65_535 }, () => false);
    this.#bindings = new Bindings("udp", pool, new InsideHosts(), this.#wheel, 60_000, 600_000, {
      changed: () => undefined,
      closed: () => undefined,
    });
    this.#tables = Array.from({ length: Math.ceil(count / PER_ADDRESS) }, () => this.#table(slots));
  }

  /** The next call, with its binding: its streams are offered, and armed. */
  offer(): void {
    const index = this.streams.length;
    const calls = this.#tables[Math.floor(index / PER_ADDRESS) % this.#tables.length] ?? missing(index);
    const host = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
    const call = calls.life.of(this.#binding(index), `${index}@${host}`, 0.5);
    const streams: Stream[] = [];
    for (let line = 0; line < this.#ofACall; line++) {
      const stream = calls.stream(call, target(line, host, 4000 + 2 * line), PEER);
      if (typeof stream === "string") throw new Error(stream);
      streams.push(stream);
      this.streams.push({ calls, call, stream });
    }
    calls.insideSaid(call, "inside", streams, []);
    calls.settle(call, 0.5);
  }

  /** The remote party answers that call. */
  answer({ calls, call }: ManyCalls["streams"][number], index: number): void {
    const lines = Array.from({ length: this.#ofACall }, (_, line) =>
      target(line, MEDIA_SERVER, 10_000 + 2 * (index % 25_000)),
    );
    calls.remoteSaid(call, "outside", lines);
    calls.settle(call, 1.5);
    calls.answered(call, "inside outside", 1.5);
  }

  /** The first RTP packet of a stream, as the kernel tells of it. */
  flow({ calls, stream }: ManyCalls["streams"][number], index: number): void {
    const rtp = stream.components[0] ?? missing(index);
    calls.expectations.gone(rtp, ANY_SOURCE, 2.5);
    calls.expectations.flowBegan(rtp, { host: MEDIA_SERVER, port: 10_000 + 2 * (index % 25_000) }, 2.5, true);
  }

  /** All events of the expectations that were taken out have come. */
  told(): void {
    for (const calls of this.#tables) calls.forgetRemovals();
  }

  #table(slots: number): Calls {
    return new Calls(
      new PortPool(2, { first: 1024, last: 65_535 }, () => false),
      this.#wheel,
      TAKES_ALL,
      TIMERS,
      { calls: PER_ADDRESS + EVICTIONS, streams: PER_ADDRESS + EVICTIONS, streamsPerHost: 4096, slots },
      { renewal: 150_000, sources: "signalled" },
      unobserved,
    );
  }

  #binding(index: number): Binding {
    const number = Math.floor(index / CALLS_OF_A_HOST);
    const known = this.#bindings.byInside(number);
    if (known !== undefined) return known;
    const host = `10.200.${number >> 8}.${number & 255}`;
    const made = this.#bindings.create(number, { host, port: 5060 }, 0.5);
    if (typeof made === "string") throw new Error(made);
    return made;
  }
}

/** Measures a table of `count` streams; the columns are those of STREAM_TITLES. */
export function measureStreams(count: number): number[] {
  const table = new ManyCalls(count, count * SLOTS_OF_AN_OFFER * 2);
  const offer = perOperation(Array(count).fill(0), () => table.offer());
  const shuffled = table.streams.map((_, index) => table.streams[(index * 7919) % count] ?? missing(index));
  const answer = perOperation(shuffled, (one, index) => table.answer(one, index));
  const byPort = perOperation(shuffled, ({ calls, stream }) => {
    if (calls.streams.byPort(stream.base)?.stream !== stream) missing(stream.base);
  });
  const byMaster = perOperation(shuffled, ({ calls, stream }) => {
    if (calls.streams.byMaster(PEER, stream.id) !== stream) missing(stream.id);
  });
  const flow = perOperation(shuffled, (one, index) => table.flow(one, index));
  const end = perOperation(shuffled, ({ calls, call }) => calls.life.end(call, "bye", 3.5));
  return [offer, answer, byPort, byMaster, flow, measureEviction(count), end];
}

export const STREAM_TITLES = ["offer", "answer", "by-port", "by-master", "flow", "evict", "end"];

/** Nanoseconds of an offer where all slots are taken by others that ring. */
function measureEviction(count: number): number {
  const held = Math.min(count, PER_ADDRESS);
  const table = new ManyCalls(held, held * SLOTS_OF_AN_OFFER);
  for (let index = 0; index < held; index++) table.offer();
  return perOperation(Array(EVICTIONS).fill(0), () => table.offer());
}

function target(index: number, host: string, port: number): MediaTarget {
  const rtcp = { host, port: port + 1 };
  return {
    index,
    media: "audio",
    transport: "udp",
    rtp: { host, port },
    rtcp,
    mux: false,
    count: 1,
    held: false,
  };
}
