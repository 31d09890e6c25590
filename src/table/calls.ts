import type { Endpoint } from "../packet/endpoint.ts";
import type { Binding } from "./bindings.ts";
import type { InsideHost } from "./inside-hosts.ts";
import { ownText } from "./own-text.ts";
import type { PortPool } from "./ports.ts";
import {
  type Component,
  type ComponentState,
  type MediaTarget,
  MOST_PAIRS,
  type Stream,
  type StreamOwner,
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
  /** True while the kernel has a conntrack of this component with `remote`, whichever of the two spoke first. */
  hasFlow(stream: Stream, component: Component, remote: Endpoint): boolean;
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

/** The most calls, streams and streams of one inside host that are held. */
export interface CallLimits {
  readonly calls: number;
  readonly streams: number;
  readonly streamsPerHost: number;
}

/** Call is one call of one inside endpoint: a Call-ID seen on its binding. */
export class Call implements StreamOwner {
  readonly binding: Binding;
  readonly callId: string;
  readonly streams = new Map<string, Stream>();
  /** Streams by position of their m= line, per tag of the inside party (RFC 3264 §6 pairs lines by position). */
  readonly lines = new Map<string, readonly (Stream | undefined)[]>();
  /** What the remote parties' SDP says, per tag: forks answer each for themselves (RFC 3261 §13.1). */
  readonly remotes = new Map<string, readonly (MediaTarget | undefined)[]>();
  /** The confirmed dialogs (RFC 3261 §12): forks may leave several, and the call lasts as long as one does. */
  readonly dialogs = new Set<string>();
  phase: CallPhase = "early";
  readonly timer: TimerEntry;

  constructor(binding: Binding, callId: string, expire: (call: Call) => void) {
    this.binding = binding;
    this.callId = callId;
    this.timer = TimerWheel.entry(() => expire(this));
  }

  get host(): InsideHost {
    return this.binding.host;
  }

  get isForking(): boolean {
    return this.phase === "early" && this.remotes.size > 1;
  }
}

/** Why a stream could not be made. */
export type StreamRefusal = "table-full" | "ports-exhausted" | "unsupported-transport" | "too-many-ports";

const ANY_SOURCE = wantedKey({ direction: "inbound", source: undefined });

/** Forks and re-tagged answers beyond this many are not followed; the latest ones are. */
const MOST_TAGS = 16;
/** Streams of one call; beyond it, those that no SDP of the call names any more make room. */
const MOST_STREAMS_OF_A_CALL = 32;
/** Ids looked at for a free one, so that finding none is bounded work too. */
const ID_SEARCH = 256;

/** Calls makes and ends calls and their streams, and keeps the kernel's expectations as their SDP wants them. */
export class Calls {
  readonly #mediaPorts: PortPool;
  readonly #wheel: TimerWheel;
  readonly #arming: Arming;
  readonly #timers: CallTimers;
  readonly #limits: CallLimits;
  readonly #anySource: boolean;
  readonly #byMaster = new Map<string, Stream>();
  readonly #byPort = new Map<number, { readonly stream: Stream; readonly component: Component }>();
  readonly #byBinding = new Map<Binding, Map<string, Call>>();
  #calls = 0;
  #nextId = 0;

  constructor(
    mediaPorts: PortPool,
    wheel: TimerWheel,
    arming: Arming,
    timers: CallTimers,
    limits: CallLimits,
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

  /** The call of this Call-ID on this binding. */
  find(binding: Binding, callId: string): Call | undefined {
    return this.#byBinding.get(binding)?.get(callId);
  }

  /** The call of this Call-ID, made on first sight; undefined when no more are held. */
  of(binding: Binding, callId: string, now: number): Call | undefined {
    const known = this.find(binding, callId);
    if (known !== undefined || this.#calls >= this.#limits.calls) return known;
    const call = new Call(binding, ownText(callId), (it) => this.close(it));
    const calls = this.#byBinding.get(binding) ?? new Map<string, Call>();
    if (calls.size === 0) this.#byBinding.set(binding, calls);
    calls.set(call.callId, call);
    binding.calls = calls.size;
    this.#calls++;
    this.#wheel.schedule(call.timer, now + this.#timers.early);
    return call;
  }

  /** Ends all calls of a binding at once. */
  closeAll(binding: Binding): void {
    for (const call of [...(this.#byBinding.get(binding)?.values() ?? [])]) this.close(call);
  }

  /**
   * Takes everything out of the kernel while all calls and ports stay, as when the external address is another:
   * the next SDP of a call arms it anew.
   */
  disarmAll(): void {
    for (const stream of this.#byMaster.values()) this.#release(stream);
  }

  /**
   * The stream of an inside m= line: the same one for as long as the inside address and port are (RFC 3264 §8
   * lets an offer change nothing), else a new one with ports of its own.
   *
   * @param peer the remote signalling host
   * @param port "exactly": only with the inside port for its external one
   */
  stream(
    call: Call,
    target: MediaTarget,
    peer: string,
    port: "any" | "exactly" = "any",
  ): Stream | StreamRefusal {
    const key = `${target.transport} ${target.rtp.host} ${target.rtp.port}`;
    const known = call.streams.get(key);
    if (known !== undefined) return known;
    if (target.transport !== "udp") return "unsupported-transport";
    if (target.count > MOST_PAIRS) return "too-many-ports";
    const { host } = call;
    if (call.streams.size >= MOST_STREAMS_OF_A_CALL) this.#closeUnnamed(call);
    const full =
      call.streams.size >= MOST_STREAMS_OF_A_CALL ||
      host.streams >= this.#limits.streamsPerHost ||
      this.#byMaster.size >= this.#limits.streams;
    const id = full ? undefined : this.#newId(peer);
    if (id === undefined) return "table-full";
    const base = port === "any" ? this.#mediaPorts.take(target.rtp.port, target.count) : this.#adopt(target);
    if (base === undefined) return "ports-exhausted";
    const stream: Stream = {
      id,
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
    this.#byMaster.set(masterKey(peer, stream.id), stream);
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

  /** An INVITE of a call that has ended tries it again. */
  revive(call: Call, now: number): void {
    if (call.phase !== "ended") return;
    call.phase = "early";
    this.touch(call, now);
  }

  /**
   * Brings the kernel's expectations of a call to what its SDP now wants, changing only what differs. Nothing of
   * a call that has ended is armed.
   */
  settle(call: Call, now: number): void {
    if (call.phase === "ended") return;
    // Several lines may be one stream (the same port offered as SAVP and AVP, BUNDLE), so all are gathered first.
    const targets = new Map<Stream, MediaTarget[]>();
    for (const lines of call.lines.values()) {
      for (const [index, stream] of lines.entries()) {
        if (stream === undefined) continue;
        const known = targets.get(stream) ?? [];
        targets.set(stream, known);
        for (const remote of call.remotes.values()) {
          const target = remote[index];
          // An offer that turns the line to other media (T.38, RFC 3264 §8.3.3) is none for the present stream.
          if (target?.media === stream.media) known.push(target);
        }
      }
    }
    // What the SDP no longer names goes first: the kernel takes no expectation that another master has (EBUSY).
    for (const stream of call.streams.values()) if (!targets.has(stream)) this.#withdraw(stream);
    for (const [stream, known] of targets) {
      for (const component of stream.components) this.#settle(stream, component, known, now);
    }
  }

  /** A response or request showed the call alive. */
  touch(call: Call, now: number): void {
    const { early, answered } = this.#timers;
    if (call.phase !== "ended")
      this.#wheel.schedule(call.timer, now + (call.phase === "early" ? early : answered));
  }

  /** A 2xx confirmed a dialog of the call (RFC 3261 §13.2.2.4); `dialog` names it by both its tags. */
  answered(call: Call, dialog: string, now: number): void {
    if (call.phase === "ended") return;
    call.phase = "answered";
    if (call.dialogs.size < MOST_TAGS) call.dialogs.add(ownText(dialog));
    this.touch(call, now);
  }

  /**
   * A 2xx from outside says which of the forks is spoken to (RFC 3261 §13.2.2.4); what the others said is forgotten.
   *
   * @param tag To tag of the 2xx
   */
  chooseFork(call: Call, tag: string, now: number): void {
    const chosen = call.remotes.get(tag);
    if (chosen === undefined || call.remotes.size === 1 || call.dialogs.size > 1) return;
    call.remotes.clear();
    this.remoteSaid(call, tag, chosen);
    this.settle(call, now);
  }

  /** A dialog of the call is over; with the last one the call ends. */
  dialogOver(call: Call, dialog: string, now: number): void {
    call.dialogs.delete(dialog);
    if (call.dialogs.size === 0) this.end(call, now);
    else this.touch(call, now);
  }

  /** Closes a call's media now and frees its ports a little later, so that a retry of the same call keeps them. */
  end(call: Call, now: number): void {
    if (call.phase === "ended") return;
    call.phase = "ended";
    for (const stream of call.streams.values()) this.#release(stream);
    call.lines.clear();
    call.remotes.clear();
    call.dialogs.clear();
    this.#wheel.schedule(call.timer, now + this.#timers.linger);
  }

  /** Ends a call and frees all it holds at once. */
  close(call: Call): void {
    const calls = this.#byBinding.get(call.binding);
    if (calls?.get(call.callId) !== call) return;
    this.#wheel.cancel(call.timer);
    for (const stream of call.streams.values()) this.#close(stream);
    call.streams.clear();
    calls.delete(call.callId);
    if (calls.size === 0) this.#byBinding.delete(call.binding);
    call.binding.calls = calls.size;
    this.#calls--;
  }

  /** The stream whose master leads to this remote host and has this id. */
  byMaster(peer: string, id: number): Stream | undefined {
    return this.#byMaster.get(masterKey(peer, id));
  }

  /** The stream and component an external media port belongs to. */
  byPort(port: number): { readonly stream: Stream; readonly component: Component } | undefined {
    return this.#byPort.get(port);
  }

  /**
   * The kernel says that an expectation is gone. One that we did not take out was consumed by a packet, or timed
   * out; consumed means that the component's media now flows, so its twin is taken out at once. While several
   * forks ring, it is the early media of one of them: the others, and whoever answers, are still waited for.
   *
   * @returns true when it was consumed
   */
  destroyed(stream: Stream, component: Component, key: string, now: number): boolean {
    const awaited = component.removed.get(key);
    if (awaited !== undefined) {
      // The event of an earlier one of this name, which must not be taken for the end of the present one.
      if (awaited === 1) component.removed.delete(key);
      else component.removed.set(key, awaited - 1);
      return false;
    }
    const { state } = component;
    const consumed = component.armed.get(key);
    if (state.kind !== "armed" || consumed === undefined) return false;
    component.armed.delete(key);
    if (now >= state.until) {
      if (component.armed.size === 0) component.state = { kind: "planned" };
      return false;
    }
    if (stream.call.isForking) {
      if (consumed.direction === "inbound") this.#arm(stream, component, [consumed], now);
      return true;
    }
    this.#disarm(stream, component);
    component.state = { kind: "flowing", since: now };
    return true;
  }

  /** Waits for no more events of expectations that were taken out: some of them were lost. */
  forgetRemovals(): void {
    for (const stream of this.#byMaster.values()) {
      for (const component of stream.components) component.removed.clear();
    }
  }

  #settle(stream: Stream, component: Component, targets: readonly MediaTarget[], now: number): void {
    // NB: an expectation for any source is kept until it is consumed, even when the answer names the source. To
    // narrow it would be to delete it and make another, as the kernel takes no two that overlap (EBUSY); a first
    // packet that arrives between the two finds neither, and its conntrack then leads to this host for good.
    const anySource = this.#anySource || component.armed.has(ANY_SOURCE);
    const wanted = wantedFor(component, stream, targets, anySource);
    const keys = wanted.map(wantedKey);
    const asked = wantedFor(component, stream, targets, this.#anySource).map(wantedKey).join();
    const isSame = component.flowingFor === asked || targets.length === 0;
    if (component.state.kind === "flowing" && isSame && !this.#hasDied(stream, component, wanted)) return;
    component.flowingFor = asked;
    const surplus: Wanted[] = [];
    for (const [key, one] of component.armed) if (!keys.includes(key)) surplus.push(one);
    if (surplus.length > 0) {
      for (const one of surplus) takeOut(component, wantedKey(one));
      this.#arming.disarm(stream, component, surplus);
    }
    const missing = wanted.filter((one) => !component.armed.has(wantedKey(one)));
    if (missing.length > 0) this.#arm(stream, component, missing, now);
    component.state = stateOf(component, now + this.#timers.expectation);
  }

  /** A flow that was silent for the kernel's timeout, as in a long hold, is gone and has to be expected again. */
  #hasDied(stream: Stream, component: Component, wanted: readonly Wanted[]): boolean {
    const outbound = wanted.filter((one) => one.direction === "outbound");
    return (
      outbound.length > 0 && !outbound.some(({ remote }) => this.#arming.hasFlow(stream, component, remote))
    );
  }

  #arm(stream: Stream, component: Component, wanted: readonly Wanted[], now: number): void {
    for (const one of wanted) component.armed.set(wantedKey(one), one);
    this.#arming.arm(stream, component, wanted, () => {
      for (const one of wanted) component.armed.delete(wantedKey(one));
      component.state = stateOf(component, now + this.#timers.expectation);
    });
  }

  /** Takes a stream out of the kernel and keeps its ports: a refused offer of another leaves it as it was. */
  #withdraw(stream: Stream): void {
    for (const component of stream.components) {
      this.#disarm(stream, component);
      component.state = { kind: "planned" };
    }
  }

  #disarm(stream: Stream, component: Component): void {
    if (component.armed.size === 0) return;
    const all = [...component.armed.values()];
    for (const key of [...component.armed.keys()]) takeOut(component, key);
    this.#arming.disarm(stream, component, all);
  }

  #release(stream: Stream): void {
    for (const component of stream.components) {
      for (const key of [...component.armed.keys()]) takeOut(component, key);
      component.state = { kind: "planned" };
      component.flowingFor = "";
    }
    if (stream.master === "present") this.#arming.release(stream);
  }

  #close(stream: Stream): void {
    this.#release(stream);
    for (const { port } of stream.components) this.#byPort.delete(port);
    this.#mediaPorts.give(stream.base, stream.units);
    stream.call.host.streams--;
    this.#byMaster.delete(masterKey(stream.peer, stream.id));
  }

  /** An odd RTP port has its RTCP in the next pair, which is not held with it. */
  #adopt({ rtp, rtcp, count }: MediaTarget): number | undefined {
    const whole = count === 1 && (rtcp === undefined || rtp.port % 2 === 0);
    return whole && this.#mediaPorts.adopt(rtp.port) ? rtp.port - (rtp.port % 2) : undefined;
  }

  #closeUnnamed(call: Call): void {
    const named = new Set([...call.lines.values()].flat());
    for (const [key, stream] of call.streams) {
      if (named.has(stream)) continue;
      this.#close(stream);
      call.streams.delete(key);
    }
  }

  /** The kernel knows a master by the remote host and this id, whichever inside host it is for. */
  #newId(peer: string): number | undefined {
    for (let tried = 0; tried < ID_SEARCH; tried++) {
      this.#nextId = this.#nextId === 65_535 ? 1 : this.#nextId + 1;
      if (!this.#byMaster.has(masterKey(peer, this.#nextId))) return this.#nextId;
    }
    return undefined;
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
    removed: new Map(),
    flowingFor: "",
  };
}

function stateOf(component: Component, until: number): ComponentState {
  return component.armed.size === 0 ? { kind: "planned" } : { kind: "armed", until };
}

function masterKey(peer: string, id: number): string {
  return `${peer} ${id}`;
}

/** Forgets an expectation that we take out ourselves; its event is still to come. */
function takeOut(component: Component, key: string): void {
  component.armed.delete(key);
  component.removed.set(key, (component.removed.get(key) ?? 0) + 1);
}

function remember<Value>(byTag: Map<string, Value>, tag: string, value: Value): void {
  byTag.delete(tag);
  byTag.set(ownText(tag), value);
  if (byTag.size > MOST_TAGS) {
    const oldest = byTag.keys().next();
    if (!oldest.done) byTag.delete(oldest.value);
  }
}
