import type { RemoteInfo, Socket } from "node:dgram";
import { type Address, formatAddress, openSocket } from "./sip-socket.ts";

/** The two sides of every call of the lab. */
export type Side = "phone" | "provider";

/** The clock's tick, milliseconds. */
const TICK = 10;
/** RTCP goes out with every 10th RTP packet. */
const RTP_PER_RTCP = 10;
/** One 20 ms packet of G.711: the 12-byte header of RFC 3550 §5.1 and 160 bytes of payload. */
const RTP_HEADER = 12;
const RTP_LENGTH = RTP_HEADER + 160;
/** A sender report without report blocks (RFC 3550 §6.4.1), bytes. */
const SENDER_REPORT = 28;

/** Where the peer's SDP, as it was received, says that its media is. */
export interface MediaAddresses {
  readonly rtp: Address;
  readonly rtcp: Address;
}

/** What one end received of one kind (RTP or RTCP) in one call. */
export interface Reception {
  readonly sent: number;
  /** Packets of this call's other side from exactly the advertised address and port. */
  readonly received: number;
  /** Packets of this call's other side from anywhere else, counted by source. */
  readonly elsewhere: Readonly<Record<string, number>>;
  /** Packets that belong to another call, or to none. */
  readonly foreign: number;
}

/** What one end received of RTP in one phase of a call. */
export interface PhaseReception {
  /** "early", "talk", "hold", "resumed", "refreshed", or what the driver named. */
  readonly phase: string;
  readonly rtp: Reception;
}

/** One phase of a call at one end: who the peer was, and what it has sent since. */
interface Phase {
  readonly name: string;
  readonly peer: MediaAddresses;
  readonly received: Counter;
  /** RTP packets sent before it. */
  readonly sentBefore: number;
}

/** MediaClock sends the packets of all running sessions from one timer, spread evenly over the interval. */
export class MediaClock {
  /** Milliseconds between two RTP packets of a session. */
  readonly interval: number;
  readonly #slots: Array<Set<MediaSession>>;
  readonly #timer: NodeJS.Timeout;
  #due = Date.now();
  #turn = 0;
  #joined = 0;

  /** @param interval milliseconds between two RTP packets of a session; a multiple of 10 */
  constructor(interval: number) {
    this.interval = interval;
    this.#slots = Array.from({ length: Math.max(1, interval / TICK) }, () => new Set());
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  /** Starts sending for a session: one packet at once, as a phone that is picked up does, then in its turn. */
  add(session: MediaSession): void {
    session.sendNext();
    this.#slots[this.#joined++ % this.#slots.length]?.add(session);
  }

  /** Stops sending for a session. */
  remove(session: MediaSession): void {
    for (const slot of this.#slots) slot.delete(session);
  }

  /** Stops for good. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    // A busy machine delays timers; what was due meanwhile is sent now, so that hold times still carry their packets.
    for (const now = Date.now(); this.#due <= now; this.#due += TICK) {
      const slot = this.#slots[this.#turn++ % this.#slots.length];
      if (slot) for (const session of slot) session.sendNext();
    }
  }
}

/** MediaSession is one end's media of one call: an RTP socket on an even port and an RTCP socket on the next. */
export class MediaSession {
  /** The RTP port. */
  readonly port: number;
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #rtpPacket: Buffer;
  readonly #rtcpPacket: Buffer;
  readonly #phases: Phase[] = [];
  readonly #rtcpReceived: Counter;
  /** RTP of the present phase; before the first one, what comes is counted for that. */
  #rtpReceived: Counter;
  #rtpSent = 0;
  #rtcpSent = 0;

  /**
   * Opens the sockets on `host`, on the first pair of ports that `nextPort` offers and that is free.
   *
   * @param call the name the payload carries
   */
  static async open(host: string, nextPort: () => number, call: string, side: Side): Promise<MediaSession> {
    for (;;) {
      const port = nextPort();
      let rtp: Socket | undefined;
      try {
        rtp = await openSocket({ host, port });
        return new MediaSession(port, rtp, await openSocket({ host, port: port + 1 }), call, side);
      } catch (error) {
        rtp?.close();
        if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
      }
    }
  }

  private constructor(port: number, rtp: Socket, rtcp: Socket, call: string, side: Side) {
    this.port = port;
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    const other = side === "phone" ? "provider" : "phone";
    this.#rtpPacket = rtpPacket(mediaName(call, side));
    this.#rtcpPacket = rtcpPacket(mediaName(call, side));
    this.#rtpReceived = new Counter(rtpPacket(mediaName(call, other)).subarray(RTP_HEADER));
    this.#rtcpReceived = new Counter(rtcpPacket(mediaName(call, other)).subarray(SENDER_REPORT));
    rtp.on("message", (bytes, from) => this.#rtpReceived.count(bytes.subarray(RTP_HEADER), from));
    rtcp.on("message", (bytes, from) => this.#rtcpReceived.count(bytes.subarray(SENDER_REPORT), from));
  }

  /** Begins a phase: sets where to send, and from where alone packets count, as the peer's SDP advertised it. */
  connect(peer: MediaAddresses, phase: string): void {
    if (this.#phases.length > 0) this.#rtpReceived = this.#rtpReceived.another();
    this.#phases.push({ name: phase, peer, received: this.#rtpReceived, sentBefore: this.#rtpSent });
  }

  /** Begins a phase with the peer as it is; does nothing while there is none. */
  begin(phase: string): void {
    const peer = this.#peer;
    if (peer) this.connect(peer, phase);
  }

  /** Sends the next RTP packet, and RTCP when its turn has come. */
  sendNext(): void {
    const peer = this.#peer;
    if (!peer) return;
    this.#rtpPacket.writeUInt16BE(this.#rtpSent & 0xffff, 2);
    this.#rtpPacket.writeUInt32BE(this.#rtpSent * 160, 4);
    send(this.#rtp, this.#rtpPacket, peer.rtp);
    if (this.#rtpSent++ % RTP_PER_RTCP !== 0) return;
    send(this.#rtcp, this.#rtcpPacket, peer.rtcp);
    this.#rtcpSent++;
  }

  /** Closes the sockets; what was counted can still be read. */
  close(): void {
    this.#rtp.close();
    this.#rtcp.close();
  }

  /** What this end has sent and received: RTP in all and by phase, RTCP. */
  get received(): {
    readonly rtp: Reception;
    readonly phases: readonly PhaseReception[];
    readonly rtcp: Reception;
  } {
    const phases = this.#phases.map(({ name, peer, received, sentBefore }, index) => {
      const sent = (this.#phases[index + 1]?.sentBefore ?? this.#rtpSent) - sentBefore;
      return { phase: name, rtp: { sent, ...received.from(peer.rtp) } };
    });
    const none: Reception = { sent: 0, ...this.#rtpReceived.from(undefined) };
    return {
      rtp: phases.length > 0 ? phases.map(({ rtp }) => rtp).reduce(sum) : none,
      phases,
      rtcp: { sent: this.#rtcpSent, ...this.#rtcpReceived.from(this.#peer?.rtcp) },
    };
  }

  get #peer(): MediaAddresses | undefined {
    return this.#phases.at(-1)?.peer;
  }
}

/** Counts packets by source address, apart from those that do not carry the expected payload. */
class Counter {
  readonly #expected: Buffer;
  readonly #bySource = new Map<string, number>();
  #foreign = 0;

  constructor(expected: Buffer) {
    this.#expected = expected;
  }

  /** A counter of the same payload that has counted nothing. */
  another(): Counter {
    return new Counter(this.#expected);
  }

  count(payload: Buffer, { address: host, port }: RemoteInfo): void {
    if (!payload.equals(this.#expected)) {
      this.#foreign++;
      return;
    }
    const source = formatAddress({ host, port });
    this.#bySource.set(source, (this.#bySource.get(source) ?? 0) + 1);
  }

  from(advertised: Address | undefined): Omit<Reception, "sent"> {
    const elsewhere = Object.fromEntries(this.#bySource);
    const wanted = advertised ? formatAddress(advertised) : "";
    const received = elsewhere[wanted] ?? 0;
    delete elsewhere[wanted];
    return { received, elsewhere, foreign: this.#foreign };
  }
}

function sum(one: Reception, other: Reception): Reception {
  const elsewhere = { ...one.elsewhere };
  for (const [source, packets] of Object.entries(other.elsewhere)) {
    elsewhere[source] = (elsewhere[source] ?? 0) + packets;
  }
  return {
    sent: one.sent + other.sent,
    received: one.received + other.received,
    elsewhere,
    foreign: one.foreign + other.foreign,
  };
}

function send(socket: Socket, packet: Buffer, { host, port }: Address): void {
  // A packet that cannot be sent is missing at the other end, and that end's count says so.
  socket.send(packet, port, host, () => {});
}

function mediaName(call: string, side: Side): string {
  return `${call} ${side}`;
}

function rtpPacket(name: string): Buffer {
  const packet = Buffer.alloc(RTP_LENGTH);
  packet[0] = 0x80;
  packet[1] = 8;
  packet.write("lab!", 8, "latin1");
  packet.write(name, RTP_HEADER, "latin1");
  return packet;
}

/** A sender report and an SDES packet whose CNAME is the name (RFC 3550 §6.4.1, §6.5). */
function rtcpPacket(name: string): Buffer {
  const sdesWords = Math.ceil((8 + 2 + name.length + 1) / 4);
  const packet = Buffer.alloc(SENDER_REPORT + sdesWords * 4);
  packet.set([0x80, 200, 0, 6]);
  packet.write("lab!", 4, "latin1");
  packet.set([0x81, 202, 0, sdesWords - 1], SENDER_REPORT);
  packet.write("lab!", SENDER_REPORT + 4, "latin1");
  packet.set([1, name.length], SENDER_REPORT + 8);
  packet.write(name, SENDER_REPORT + 10, "latin1");
  return packet;
}
