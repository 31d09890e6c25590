import { type StreamData, TcpStream } from "../capture/tcp-stream.ts";
import { StreamEdits } from "../gateway/tcp/stream-edits.ts";
import type { Endpoint } from "../packet/endpoint.ts";
import type { PacketView } from "../packet/packet-view.ts";
import { readSegment } from "../packet/tcp-segment.ts";
import { type FrameFault, StreamFramer } from "../sip/stream-framer.ts";

/** One direction of a connection. */
export interface HalfConnection {
  readonly stream: TcpStream;
  readonly framer: StreamFramer;
  readonly edits: StreamEdits;
}

/** Connection is one TCP connection of a capture; addresses are numbers in host byte order. */
export interface Connection {
  readonly inside: NumberedEndpoint;
  readonly remote: NumberedEndpoint;
  readonly outbound: HalfConnection;
  readonly inbound: HalfConnection;
  /** Something in it began as SIP does. */
  isSip: boolean;
  /** The inside endpoint and what it appears as; undefined while nothing on it was the gateway's to translate. */
  ends: { readonly inside: Endpoint; readonly outside: Endpoint } | undefined;
}

interface NumberedEndpoint {
  readonly address: number;
  readonly port: number;
}

/** Which half of its connection a segment belongs to. */
export type HalfName = "outbound" | "inbound";

/** What the capture gives of one half of a connection. */
export type StreamEvent =
  | { readonly kind: "message"; readonly at: number; readonly text: string }
  /** Bytes that the capture does not have. */
  | { readonly kind: "gap"; readonly length: number }
  /** Bytes that belong to no message. */
  | { readonly kind: "left"; readonly length: number; readonly reason: FrameFault };

/** An event, and the half it is of. */
export interface HalfEvent {
  readonly connection: Connection;
  readonly half: HalfName;
  readonly event: StreamEvent;
}

/** Connections follows the TCP connections of a capture: segments in, messages and what is wrong with them out. */
export class Connections {
  readonly #open = new Map<string, Connection>();

  /**
   * Takes the segment that `packet` views in `bytes`.
   *
   * @returns its connection, and what it completes; an acknowledgement shows what the other half has lost
   */
  take(packet: PacketView, bytes: Buffer, half: HalfName): [Connection, readonly HalfEvent[]] {
    const { sequence, acknowledged, syn, fin, rst, payload } = readSegment(packet, bytes);
    const events: HalfEvent[] = [];
    const first = (sequence + Number(syn)) >>> 0;
    const source = { address: packet.source, port: packet.sourcePort };
    const destination = { address: packet.destination, port: packet.destinationPort };
    const [inside, remote] = half === "outbound" ? [source, destination] : [destination, source];
    const key = `${inside.address}:${inside.port} ${remote.address}:${remote.port}`;
    let connection = this.#open.get(key);
    const began = connection?.[half].stream.first;
    if (connection !== undefined && syn && began !== undefined && began !== first) {
      // The same two endpoints connect anew.
      endConnection(connection, events);
      connection = undefined;
    }
    if (connection === undefined) {
      const halves = { outbound: newHalf(), inbound: newHalf() };
      connection = { inside, remote, ...halves, isSip: false, ends: undefined };
      this.#open.set(key, connection);
    }
    if (rst) return [connection, events];
    if (acknowledged !== undefined) {
      const other = half === "outbound" ? "inbound" : "outbound";
      frame(connection, other, connection[other].stream.acknowledged(acknowledged), events);
    }
    const { stream } = connection[half];
    frame(connection, half, stream.add(first, payload), events);
    if (fin) stream.close((first + payload.length) >>> 0);
    return [connection, events];
  }

  /** The capture is over: gives out what waits for more. */
  end(): readonly HalfEvent[] {
    const events: HalfEvent[] = [];
    for (const connection of this.#open.values()) endConnection(connection, events);
    return events;
  }
}

function newHalf(): HalfConnection {
  return { stream: new TcpStream(), framer: new StreamFramer(), edits: new StreamEdits() };
}

function endConnection(connection: Connection, events: HalfEvent[]): void {
  for (const half of ["outbound", "inbound"] as const) {
    const { stream, framer } = connection[half];
    frame(connection, half, stream.end(), events);
    note(connection, half, framer.gap(0), events);
  }
}

/** Cuts what comes of a stream into messages. */
function frame(
  connection: Connection,
  half: HalfName,
  data: readonly StreamData[],
  events: HalfEvent[],
): void {
  const { framer } = connection[half];
  for (const piece of data) {
    if (piece.kind === "data") note(connection, half, framer.push(piece.bytes), events);
    else {
      note(connection, half, framer.gap(piece.length), events);
      events.push({ connection, half, event: piece });
    }
  }
}

function note(
  connection: Connection,
  half: HalfName,
  pieces: ReturnType<StreamFramer["push"]>,
  events: HalfEvent[],
): void {
  for (const piece of pieces) {
    if (piece.kind === "keep-alive") continue;
    if (piece.kind === "message" || piece.reason !== "no-start-line") connection.isSip = true;
    events.push({ connection, half, event: piece });
  }
}
