import type { Endpoint } from "../packet/endpoint.ts";
import type { Binding } from "./bindings.ts";
import type { PortPool } from "./ports.ts";
import {
  type Component,
  type ComponentState,
  type MediaTarget,
  type Stream,
  type Wanted,
  wantedFor,
  wantedKey,
} from "./streams.ts";
import { type TimerEntry, TimerWheel } from "./timer-wheel.ts";

/**
 * Where a call stands. early: no final answer yet (RFC 3261 §12.1). answered: a dialog was confirmed by a 2xx.
 * ended: its media is closed, its ports are kept a little for a retry of the same call.
 */
export type CallPhase = "early" | "answered" | "ended";

/** What the table has the kernel do; the gateway carries it out. */
export interface Arming {
  /**
   * Puts expectations of one component into the kernel, with the stream's master if that is absent, and calls
   * back before the packet that asked for them gets its verdict.
   *
   * @param failed receives the kernel's error name; the component then holds none of them
   */
  arm(stream: Stream, component: Component, wanted: readonly Wanted[], failed: (code: string) => void): void;
  /** Takes expectations of one component out of the kernel. */
  disarm(stream: Stream, component: Component, wanted: readonly Wanted[]): void;
  /** Takes the stream's master, and with it all its expectations, out of the kernel. */
  release(stream: Stream): void;
}

/** Durations of a call's life, all in milliseconds. */
export interface CallTimers {
  /** Without a provisional or final response (RFC 3261 §16.8 suggests 3 minutes). */
  readonly early: number;
  /** Of an answered call, without any SIP. */
  readonly answered: number;
  /** Between the end of a call and the release of its ports. */
  readonly linger: number;
  /** Of an expectation nobody uses. */
  readonly expectation: number;
}

/** Call is one call of one inside endpoint: a Call-ID seen on its binding. */
export class Call {
  readonly binding: Binding;
  readonly callId: string;
  readonly streams = new Map<string, Stream>();
  /** Streams by position of their m= line, per tag of the inside party (RFC 3264 §6 pairs lines by position). */
  readonly lines = new Map<string, readonly (Stream | undefined)[]>();
  /** What the remote parties' SDP says, per tag: forks answer each for themselves (RFC 3261 §13.1). */
  readonly remotes = new Map<string, readonly (MediaTarget | undefined)[]>();
  phase: CallPhase = "early";
  readonly timer: TimerEntry;

  constructor(binding: Binding, callId: string, expire: (call: Call) => void) {
    this.binding = binding;
    this.callId = callId;
    this.timer = TimerWheel.entry(() => expire(this));
  }
}

/** Why a stream could not be made. */
export type StreamRefusal = "table-full" | "ports-exhausted" | "unsupported-transport";

const ANY_SOURCE = wantedKey({ direction: "inbound", source: undefined });

/** Forks and re-tagged answers beyond this many are not followed; the latest ones are. */
const MOST_TAGS = 16;

/** Calls makes and ends calls and their streams, and keeps the kernel's expectations as their SDP wants them. */
export class Calls {
  readonly #mediaPorts: PortPool;
  readonly #wheel: TimerWheel;
  readonly #arming: Arming;
  readonly #timers: CallTimers;
  readonly #limits: { readonly streams: number; readonly streamsPerHost: number };
  readonly #anySource: boolean;
  readonly #byMaster = new Map<string, Stream>();
  readonly #byPort = new Map<number, { readonly stream: Stream; readonly component: Component }>();
  #calls = 0;
  #nextId = 1;

  constructor(
    mediaPorts: PortPool,
    wheel: TimerWheel,
    arming: Arming,
    timers: CallTimers,
    limits: { readonly streams: number; readonly streamsPerHost: number },
    anySource: boolean,
  ) {
    this.#mediaPorts = mediaPorts;
    this.#wheel = wheel;
    this.#arming = arming;
    this.#timers = timers;
    this.#limits = limits;
    this.#anySource = anySource;
  }

  /** Calls held, ended ones that still linger included. */
  get calls(): number {
    return this.#calls;
  }

  get streams(): number {
    return this.#byMaster.size;
  }

  /** The call of this Call-ID, made on first sight. */
  of(binding: Binding, callId: string, now: number): Call {
    let call = binding.calls.get(callId);
    if (call === undefined) {
      call = new Call(binding, callId, (it) => this.#expire(it));
      binding.calls.set(callId, call);
      this.#calls++;
      this.#wheel.schedule(call.timer, now + this.#timers.early);
    }
    return call;
  }

  /**
   * The stream of an inside m= line: the same one for as long as the inside address and port are (RFC 3264 §8
   * lets an offer change nothing), else a new one with ports of its own.
   *
   * @param peer the remote signalling host
   */
  stream(call: Call, target: MediaTarget, peer: string): Stream | StreamRefusal {
    const key = `${target.transport} ${target.rtp.host} ${target.rtp.port}`;
    const known = call.streams.get(key);
    if (known !== undefined) return known;
    if (target.transport !== "udp") return "unsupported-transport";
    const { host } = call.binding;
    if (this.#byMaster.size >= this.#limits.streams || host.streams >= this.#limits.streamsPerHost)
      return "table-full";
    const base = this.#mediaPorts.take(target.rtp.port, target.count);
    if (base === undefined) return "ports-exhausted";
    const stream: Stream = {
      id: this.#newId(target.rtp.host, peer),
      call,
      key,
      media: target.media,
      transport: target.transport,
      inside: target.rtp,
      base,
      units: target.count,
      components: components(target, base),
      peer,
      master: "absent",
      mux: target.mux,
    };
    call.streams.set(key, stream);
    host.streams++;
    this.#byMaster.set(masterKey(target.rtp.host, peer, stream.id), stream);
    for (const component of stream.components) this.#byPort.set(component.port, { stream, component });
    return stream;
  }

  /** Takes in the SDP of the inside party: its streams by position of their lines. */
  insideSaid(
    call: Call,
    tag: string,
    lines: readonly (Stream | undefined)[],
    muxed: readonly boolean[],
  ): void {
    remember(call.lines, tag, lines);
    for (const [index, stream] of lines.entries())
      if (stream !== undefined) stream.mux = muxed[index] === true;
  }

  /** Takes in the SDP of a remote party. */
  remoteSaid(call: Call, tag: string, targets: readonly (MediaTarget | undefined)[]): void {
    remember(call.remotes, tag, targets);
  }

  /** Brings the kernel's expectations of a call to what its SDP now wants, changing only what differs. */
  settle(call: Call, now: number): void {
    if (call.phase === "ended") {
      call.phase = "early";
      this.touch(call, now);
    }
    for (const lines of call.lines.values()) {
      for (const [index, stream] of lines.entries()) {
        if (stream === undefined) continue;
        const targets: MediaTarget[] = [];
        for (const remote of call.remotes.values()) {
          const target = remote[index];
          if (target !== undefined) targets.push(target);
        }
        for (const component of stream.components) this.#settle(stream, component, targets, now);
      }
    }
  }

  /** A response or request showed the call alive. */
  touch(call: Call, now: number): void {
    const { early, answered } = this.#timers;
    if (call.phase !== "ended")
      this.#wheel.schedule(call.timer, now + (call.phase === "early" ? early : answered));
  }

  /** A 2xx confirmed a dialog of the call (RFC 3261 §13.2.2.4). */
  answered(call: Call, now: number): void {
    call.phase = "answered";
    this.touch(call, now);
  }

  /** Closes a call's media now and frees its ports a little later, so that a retry of the same call keeps them. */
  end(call: Call, now: number): void {
    if (call.phase === "ended") return;
    call.phase = "ended";
    for (const stream of call.streams.values()) this.#release(stream);
    call.lines.clear();
    call.remotes.clear();
    this.#wheel.schedule(call.timer, now + this.#timers.linger);
  }

  /** Ends a call and frees all it holds at once. */
  close(call: Call): void {
    if (call.binding.calls.get(call.callId) !== call) return;
    this.#wheel.cancel(call.timer);
    for (const stream of call.streams.values()) this.#close(stream);
    call.streams.clear();
    call.binding.calls.delete(call.callId);
    this.#calls--;
  }

  /** The stream whose master has these hosts and this id. */
  byMaster(insideHost: string, peer: string, id: number): Stream | undefined {
    return this.#byMaster.get(masterKey(insideHost, peer, id));
  }

  /** The stream and component an external media port belongs to. */
  byPort(port: number): { readonly stream: Stream; readonly component: Component } | undefined {
    return this.#byPort.get(port);
  }

  /**
   * The kernel says that an expectation is gone and we did not take it out: consumed by a packet, or timed out.
   * A consumed one means that the component's media now flows, so its twin is taken out at once.
   */
  destroyed(stream: Stream, component: Component, key: string, now: number): void {
    const { state } = component;
    if (state.kind !== "armed" || !component.armed.delete(key)) return;
    if (now >= state.until) {
      if (component.armed.size === 0) component.state = { kind: "planned" };
      return;
    }
    this.#disarm(stream, component);
    component.state = { kind: "flowing", since: now };
  }

  #settle(stream: Stream, component: Component, targets: readonly MediaTarget[], now: number): void {
    // NB: an expectation for any source is kept until it is consumed, even when the answer names the source. To
    // narrow it would be to delete it and make another, as the kernel takes no two that overlap (EBUSY); a first
    // packet that arrives between the two finds neither, and its conntrack then leads to this host for good.
    const anySource = this.#anySource || component.armed.has(ANY_SOURCE);
    const wanted = wantedFor(component, stream, targets, anySource);
    const keys = wanted.map(wantedKey);
    if (component.state.kind === "flowing" && component.flowingFor === keys.join()) return;
    component.flowingFor = keys.join();
    const surplus: Wanted[] = [];
    for (const [key, one] of component.armed) if (!keys.includes(key)) surplus.push(one);
    if (surplus.length > 0) {
      for (const one of surplus) component.armed.delete(wantedKey(one));
      this.#arming.disarm(stream, component, surplus);
    }
    const missing = wanted.filter((one) => !component.armed.has(wantedKey(one)));
    if (missing.length > 0) {
      for (const one of missing) component.armed.set(wantedKey(one), one);
      this.#arming.arm(stream, component, missing, () => {
        for (const one of missing) component.armed.delete(wantedKey(one));
        component.state = stateOf(component, now + this.#timers.expectation);
      });
    }
    component.state = stateOf(component, now + this.#timers.expectation);
  }

  #disarm(stream: Stream, component: Component): void {
    if (component.armed.size === 0) return;
    const all = [...component.armed.values()];
    component.armed.clear();
    this.#arming.disarm(stream, component, all);
  }

  #release(stream: Stream): void {
    for (const component of stream.components) {
      component.armed.clear();
      component.state = { kind: "planned" };
      component.flowingFor = "";
    }
    if (stream.master === "present") this.#arming.release(stream);
  }

  #close(stream: Stream): void {
    this.#release(stream);
    for (const { port } of stream.components) this.#byPort.delete(port);
    this.#mediaPorts.give(stream.base, stream.units);
    stream.call.binding.host.streams--;
    this.#byMaster.delete(masterKey(stream.inside.host, stream.peer, stream.id));
  }

  #expire(call: Call): void {
    this.close(call);
  }

  #newId(insideHost: string, peer: string): number {
    // A million streams of 65,535 ids each share few pairs of hosts; the next free id is never far.
    do {
      this.#nextId = this.#nextId === 65535 ? 1 : this.#nextId + 1;
    } while (this.#byMaster.has(masterKey(insideHost, peer, this.#nextId)));
    return this.#nextId;
  }
}

function components(target: MediaTarget, base: number): Component[] {
  const list: Component[] = [];
  for (let pair = 0; pair < target.count; pair++) {
    const { rtp, rtcp } = target;
    const alone = rtcp === undefined ? rtp.port % 2 : 0;
    list.push(component("rtp", pair, rtp, base + alone));
    if (rtcp !== undefined) list.push(component("rtcp", pair, rtcp, base + 1));
  }
  return list;
}

function component(kind: "rtp" | "rtcp", pair: number, first: Endpoint, port: number): Component {
  const inside = { host: first.host, port: first.port + 2 * pair };
  return {
    kind,
    pair,
    inside,
    port: port + 2 * pair,
    state: { kind: "planned" },
    armed: new Map(),
    flowingFor: "",
  };
}

function stateOf(component: Component, until: number): ComponentState {
  return component.armed.size === 0 ? { kind: "planned" } : { kind: "armed", until };
}

function masterKey(insideHost: string, peer: string, id: number): string {
  return `${insideHost} ${peer} ${id}`;
}

function remember<Value>(byTag: Map<string, Value>, tag: string, value: Value): void {
  byTag.delete(tag);
  byTag.set(tag, value);
  if (byTag.size > MOST_TAGS) {
    const oldest = byTag.keys().next();
    if (!oldest.done) byTag.delete(oldest.value);
  }
}
