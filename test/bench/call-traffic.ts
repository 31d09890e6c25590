import { pino } from "pino";
import { negotiates, noteRequest, progressCall, startsCall } from "../../src/gateway/call-progress.ts";
import { journalTo } from "../../src/gateway/journal.ts";
import { mediaTarget } from "../../src/gateway/media-target.ts";
import { OutboundMapping } from "../../src/gateway/outbound-mapping.ts";
import { scanSession } from "../../src/sdp/scan.ts";
import type { MediaDescription } from "../../src/sdp/session.ts";
import { HeaderTable } from "../../src/sip/headers.ts";
import type { SipMessage } from "../../src/sip/message.ts";
import { scan } from "../../src/sip/scan.ts";
import type { Store } from "../../src/store/store.ts";
import { WriteBehind } from "../../src/store/write-behind.ts";
import type { Arming } from "../../src/table/arming.ts";
import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import { Calls } from "../../src/table/calls.ts";
import type { Flow } from "../../src/table/flows.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { unobserved } from "../../src/table/observer.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";
import { request } from "./gateway/messages.ts";
import { missing } from "./per-operation.ts";

const PHONES = 1000;
const EXTERNAL = "203.0.113.1";
const PEER = "203.0.113.2";
const MEDIA_SERVER = "203.0.113.130";
const TIMERS = { early: 180_000, answered: 7_200_000, mediaIdle: 3_600_000, linger: 1000 };
const SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n";
/** Milliseconds between looks at the timers. */
const TICK = 250;

/** A kernel that takes everything, and tells at once what it took out. */
const TAKES_ALL: Arming = {
  arm: ({ stream }) => {
    stream.master = "present";
  },
  renew: () => undefined,
  disarm: (component) => {
    component.removed = undefined;
  },
  release: (stream) => {
    stream.master = "absent";
    for (const component of stream.components) component.removed = undefined;
  },
};

/** A store that takes everything. */
const TAKES_ALL_RECORDS: Store = {
  async *load() {},
  write: async () => undefined,
  settle: async () => undefined,
  close: async () => undefined,
};

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

interface Phone {
  readonly binding: Binding;
  readonly flow: Flow;
  readonly host: string;
}

/** CallTraffic has calls of many phones followed as the gateway follows them, message by message. */
export class CallTraffic {
  readonly #wheel = new TimerWheel(0);
  readonly #writing = new WriteBehind(TAKES_ALL_RECORDS, pino({ level: "silent" }));
  readonly #calls: Calls;
  readonly #mapping: OutboundMapping;
  readonly #phones: readonly Phone[];
  /** The one message, and the one m= line, of the moment. */
  readonly #message: Writable<SipMessage>;
  readonly #line: Writable<MediaDescription>;
  #now = 0;
  #tickAt = TICK;

  constructor() {
    const journal = journalTo(this.#writing, 0);
    const limits = { calls: 65_536, streams: 65_536, streamsPerHost: 1024, slots: 65_536 };
    this.#calls = new Calls(
      new PortPool(2, { first: 10_000, last: 65_535 }, () => false),
      this.#wheel,
      TAKES_ALL,
      TIMERS,
      limits,
      { renewal: 150_000, sources: "signalled" },
      { ...unobserved, ...journal },
    );
    this.#mapping = new OutboundMapping(
      this.#calls,
      { find: () => missing(0), make: () => missing(0) },
      () => "refused",
    );
    const pool = new PortPool(1, { first: 5060, last: 9999 }, () => false);
    const hosts = new InsideHosts();
    const bindings = new Bindings("udp", pool, hosts, this.#wheel, PHONES, 600_000_000, {
      changed: () => undefined,
      closed: () => undefined,
    });
    this.#phones = Array.from({ length: PHONES }, (_, index) => phone(bindings, index));
    this.#message = { ...scannedMessage() };
    this.#line = { ...scannedLine() };
  }

  /** Things that are noted to be written. */
  get waiting(): number {
    return this.#writing.statistics.waiting;
  }

  /** Lets time pass, in milliseconds, with what the timers then do. */
  pass(milliseconds: number): void {
    this.#now += milliseconds;
    for (; this.#tickAt <= this.#now; this.#tickAt += TICK) {
      this.#wheel.advance(this.#tickAt);
      this.#calls.expectations.refill(this.#tickAt, false);
    }
  }

  /** Has all that is noted written. */
  async write(): Promise<void> {
    await this.#writing.flush();
  }

  /** The text of a call's messages, made outside of what is measured. */
  textOf(index: number): string {
    const { host } = this.#phone(index);
    const text = `${index}-call@${host} ${host} ${MEDIA_SERVER} ${index}tag ${index}gat z9hG4bK-${index}-branch`;
    return Buffer.from(text, "latin1").toString("latin1");
  }

  /** An INVITE with an offer from inside, and its 486. */
  refusedCall(index: number, text: string): void {
    this.invite(index, text);
    this.#inbound(this.#phone(index), this.#response(text, 486), undefined);
  }

  /** An INVITE with an offer from inside. */
  invite(index: number, text: string): void {
    this.#outbound(this.#phone(index), this.#request(text, "INVITE"), this.#lineOf(index, text, 1));
  }

  /** An INVITE, its 200 and the ACK: of a call that is there, with the same SDP as before. */
  refreshed(index: number, text: string): void {
    const phone = this.#phone(index);
    this.#outbound(phone, this.#request(text, "INVITE"), this.#lineOf(index, text, 1));
    this.#inbound(phone, this.#response(text, 200), this.#lineOf(index, text, 2));
    this.#outbound(phone, this.#request(text, "ACK"), undefined);
  }

  #outbound({ binding, flow }: Phone, message: SipMessage, line: MediaDescription | undefined): void {
    const [calls, mapping, now] = [this.#calls, this.#mapping, Math.floor(this.#now)];
    mapping.begin(binding, flow, message, now);
    if (line !== undefined) mapping.media(line);
    const call = mapping.call ?? calls.find(binding, message.callId);
    if (call === undefined) return;
    calls.insideSpoke(call);
    if (startsCall(message)) calls.revive(call, now);
    noteRequest(call, message);
    if (line !== undefined && negotiates(message)) {
      calls.insideSaid(call, message.fromTag, mapping.streams, [false]);
      calls.settle(call, now);
    }
    progressCall(calls, call, message, "outbound", now);
  }

  #inbound({ binding }: Phone, message: SipMessage, line: MediaDescription | undefined): void {
    const [calls, now] = [this.#calls, Math.floor(this.#now)];
    const call = calls.find(binding, message.callId);
    if (call === undefined) return;
    if (line !== undefined) {
      const before = call.remotes.get(message.toTag);
      calls.remoteSaid(call, message.toTag, [mediaTarget(line, before?.[0]?.rtp.host)]);
      calls.settle(call, now);
    }
    const progress = progressCall(calls, call, message, "inbound", now);
    if (progress === "answered") calls.chooseFork(call, message.toTag, now);
  }

  #phone(index: number): Phone {
    return this.#phones[index % PHONES] ?? missing(index);
  }

  #request(text: string, method: string): SipMessage {
    return this.#messageOf(text, "request", method, 0);
  }

  #response(text: string, status: number): SipMessage {
    return this.#messageOf(text, "response", "INVITE", status);
  }

  #messageOf(text: string, kind: SipMessage["kind"], method: string, status: number): SipMessage {
    const message = this.#message;
    message.kind = kind;
    message.method = method;
    message.status = status;
    message.callId = word(text, 0);
    message.fromTag = word(text, 3);
    message.toTag = method === "INVITE" && kind === "request" ? "" : word(text, 4);
    message.branch = word(text, 5);
    return message;
  }

  #lineOf(index: number, text: string, host: number): MediaDescription {
    const line = this.#line;
    line.host = word(text, host);
    line.port = 10_000 + 2 * (Math.floor(index / PHONES) % 20_000);
    return line;
  }
}

/** A word of a text: a view of it, as what is read of a packet is. */
function word(text: string, index: number): string {
  let start = 0;
  for (let skipped = 0; skipped < index; skipped++) start = text.indexOf(" ", start) + 1;
  const end = text.indexOf(" ", start);
  return text.slice(start, end === -1 ? text.length : end);
}

/** Any message, of which what is not set for each is read by nobody here. */
function scannedMessage(): SipMessage {
  const phone = { index: 0, address: "192.168.110.0", port: 5060 };
  const text = request({ phone, caller: "phone", id: "c1", method: "INVITE", media: 10_000 });
  const scanned = scan(text, new HeaderTable());
  if (scanned.kind !== "message") throw new Error(scanned.kind);
  return scanned.message;
}

function scannedLine(): MediaDescription {
  const scanned = scanSession(SDP, 0, SDP.length);
  if (scanned.kind !== "session") throw new Error(scanned.kind);
  return scanned.session.media[0] ?? missing(0);
}

function phone(bindings: Bindings, index: number): Phone {
  const host = `192.168.1${10 + (index >> 8)}.${index & 255}`;
  const inside = { host, port: 5060 };
  const binding = bindings.create(index, inside, 0);
  if (typeof binding === "string") throw new Error(binding);
  const outside = { host: EXTERNAL, port: binding.port };
  const ends = {
    inside: binding.inside,
    outside,
    remote: { host: PEER, port: 5060 },
    transport: "udp",
  } as const;
  return { binding, host, flow: { ends, pinhole: false, verifiedAt: 0, routing: 0 } };
}
