import type { Config } from "../config/schema.ts";
import { payloadText } from "../gateway/flow-of.ts";
import type { Transport } from "../packet/endpoint.ts";
import { PacketView } from "../packet/packet-view.ts";
import { type ScanResult, scan } from "../sip/scan.ts";
import { type Connection, Connections, type HalfEvent, type HalfName } from "./connections.ts";
import { Engine } from "./engine.ts";
import type { Found, Replayed, ReplayedMessage, StreamNote } from "./message.ts";
import { hasFlow } from "./output.ts";
import { type CaptureSides, sideOf } from "./side.ts";

/** Replay runs captured packets through the gateway's own engine, in the time of the capture. */
export class Replay {
  readonly #sides: CaptureSides;
  readonly #engine: Engine;
  readonly #connections = new Connections();

  /** @param start time of the first packet, milliseconds */
  constructor(config: Config, sides: CaptureSides, start: number) {
    this.#sides = sides;
    this.#engine = new Engine(config, sides, start);
  }

  /**
   * Takes the next packet, which `packet` views in `bytes`.
   *
   * @param now its time in milliseconds; one that runs backward is taken for the latest
   */
  take(packet: PacketView, bytes: Buffer, transport: Transport, now: number): Replayed {
    const side = sideOf(packet, this.#sides);
    if (side === "elsewhere") return left("packets between two outside hosts");
    if (side === "outside-leg") return left("packets captured on the outside of the gateway");
    this.#engine.advance(now);
    if (transport === "tcp") {
      const half = side === "outbound" ? "outbound" : "inbound";
      const [connection, events] = this.#connections.take(packet, bytes, half);
      return { kind: "segment", connection, half, found: this.#follow(events) };
    }
    if (packet.payloadLength === 0) return left("packets without payload");
    const scanned = scan(payloadText(packet, bytes));
    if (!isSip(scanned)) return left("UDP packets that are not SIP (media, keep-alives)");
    return { kind: "datagram", message: this.#engine.handle(packet, bytes, transport, side, scanned) };
  }

  /** The capture is over: what is left of the TCP connections. */
  end(): Found {
    return this.#follow(this.#connections.end());
  }

  /** Gives each message of a stream to the engine as if it had come in one segment. */
  #follow(events: readonly HalfEvent[]): Found {
    const messages: ReplayedMessage[] = [];
    const notes: StreamNote[] = [];
    for (const { connection, half, event } of events) {
      if (event.kind !== "message") {
        notes.push({ connection, half, event });
        continue;
      }
      const message = this.#streamMessage(connection, half, event.text);
      messages.push(message);
      for (const { start, end, text } of message.edits) {
        connection[half].edits.add(event.at + start, event.at + end, text);
      }
      if (message.outside !== undefined && hasFlow(message.outcome)) {
        connection.ends ??= { inside: message.inside, outside: message.outside };
      }
    }
    return { messages, notes };
  }

  #streamMessage({ inside, remote }: Connection, half: HalfName, text: string): ReplayedMessage {
    const [source, destination] = half === "outbound" ? [inside, remote] : [remote, inside];
    const packet = new PacketView();
    [packet.source, packet.sourcePort] = [source.address, source.port];
    [packet.destination, packet.destinationPort] = [destination.address, destination.port];
    packet.payloadLength = text.length;
    const side = sideOf(packet, this.#sides);
    const ours = side === "elsewhere" || side === "outside-leg" ? "inbound-outside" : side;
    return this.#engine.handle(packet, Buffer.from(text, "latin1"), "tcp", ours, scan(text));
  }
}

function left(reason: string): Replayed {
  return { kind: "left", reason };
}

/** True for SIP, and for what begins as SIP does and cannot be read. */
function isSip(scanned: ScanResult): boolean {
  if (scanned.kind === "message") return true;
  return scanned.kind === "not-sip" && scanned.reason !== "no-start-line" && scanned.reason !== "stun";
}
