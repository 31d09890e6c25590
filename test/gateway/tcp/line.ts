import { acknowledged, type SequenceShift, shifted } from "../../../src/gateway/tcp/sequence-shift.ts";
import type { StreamReader } from "../../../src/gateway/tcp/stream-half.ts";
import { StreamHalf } from "../../../src/gateway/tcp/stream-half.ts";
import type { Piece } from "../../../src/gateway/tcp/waiting-pieces.ts";

/** What a line does to a sender's stream. */
export interface LineOptions {
  readonly seed: number;
  /** Bytes of the largest segment. */
  readonly segment: number;
  /** Segments in flight that the sender allows itself after a loss; it then grows. */
  readonly window: number;
  /** Bytes that a segment may grow to. */
  readonly room: number;
  /** True when segments that are sent again are cut anew. */
  readonly recuts: boolean;
  /** Of 100 packets, how many are lost, and how many overtaken by others. */
  readonly lost: number;
  readonly late: number;
  /** Sequence number of the first byte. */
  readonly first: number;
  /** What the kernel made of the stream's numbers before that, and the bytes before it that are still under way. */
  readonly begun: SequenceShift;
  readonly earlier: string;
}

/** Steps after which a stream that has not arrived never will. */
const PATIENCE = 20_000;

/**
 * Sends a stream through a StreamHalf over lines that lose, repeat and reorder, with a sender that retransmits, a
 * receiver that acknowledges, and a kernel that shifts their numbers.
 *
 * @returns what the receiver has read; throws when that stalls, when bytes that were sent again differ, when a segment
 * outgrows what it may, and when the sender is told of bytes it has not sent
 */
export function carry(stream: string, reader: StreamReader, options: LineOptions): string {
  const random = generator(options.seed);
  const chance = (percent: number): boolean => random() * 100 < percent;
  const half = new StreamHalf(options.first, options.room, options.begun);
  const begins = -options.earlier.length;
  const ends = stream.length;
  const bytes = Buffer.from(options.earlier + stream, "latin1");
  const arrives = shifted(options.begun, begins);
  const toGateway: { start: number; end: number }[] = [];
  const toReceiver: { at: number; text: string }[] = [];
  const acknowledgements: number[] = [];
  const toSender: number[] = [];
  let [told, sent, window] = [begins, begins, options.window];
  let hasTimedOut = false;
  const cuts = new Map<number, number>();
  let waiting: Piece[] = [];
  const received: string[] = [];
  let read = arrives;

  const put = <Item>(line: Item[], item: Item): void => {
    if (chance(options.lost)) return;
    line.push(item);
    if (chance(options.late)) line.push(item);
  };
  const take = <Item>(line: Item[]): Item | undefined =>
    line.splice(chance(options.late) ? Math.floor(random() * line.length) : 0, 1)[0];
  const send = (start: number): void => {
    const cut = options.recuts ? undefined : cuts.get(start);
    const end = cut ?? Math.min(ends, start + 1 + Math.floor(random() * options.segment));
    cuts.set(start, end);
    put(toGateway, { start, end });
    sent = Math.max(sent, end);
  };
  const forward = ({ at, text }: { at: number; text: string | undefined }, payload: Buffer): void => {
    const bytes = text ?? payload.toString("latin1");
    if (bytes.length > Math.max(payload.length, options.room)) {
      throw new Error(`A segment of ${payload.length} bytes has become one of ${bytes.length}.`);
    }
    put(toReceiver, { at: shifted(half.shift, at), text: bytes });
  };
  const conclude = (): void => {
    const going = waiting.filter(({ end }) => half.mayGo(end));
    waiting = waiting.filter(({ end }) => !half.mayGo(end));
    for (const { start, payload } of going) forward(half.render(start, payload), payload);
  };

  const atGateway = (start: number, end: number): void => {
    const piece = {
      start: half.offset(half.sequence(start)),
      end,
      payload: bytes.subarray(start - begins, end - begins),
    };
    if (piece.start !== start) throw new Error(`Offset ${start} was taken for ${piece.start}.`);
    if (half.waitsFor(end)) {
      forward(half.renderRepeated(start, piece.payload), piece.payload);
      return;
    }
    waiting.push(piece);
    half.take(piece, reader);
    conclude();
  };
  const atReceiver = (at: number, text: string): void => {
    for (let index = 0; index < text.length; index++) {
      const before = received[at + index - arrives];
      if (before !== undefined && before !== text[index]) {
        throw new Error(`Byte ${at + index} was "${before}" and is now "${text[index]}".`);
      }
      received[at + index - arrives] = text.charAt(index);
    }
    // An empty segment is answered only where it is an old one, as the probe of a keep-alive (RFC 9293 §3.8.4).
    const isAnswered = text.length > 0 || at < read;
    while (received[read - arrives] !== undefined) read++;
    if (isAnswered) put(acknowledgements, read);
  };
  const backAtGateway = (output: number): void => {
    const number = half.acknowledgement(output, half.acknowledge(half.outputOffset(half.sequence(output))));
    const at = acknowledged(half.shift, number);
    if (at > sent) throw new Error(`The sender is told of byte ${at} and has sent ${sent}.`);
    put(toSender, at);
  };
  const atSender = (at: number): void => {
    if (at <= told) return;
    window++;
    told = at;
    hasTimedOut = false;
  };
  const timers = (): void => {
    const first = waiting.sort((a, b) => a.start - b.start)[0];
    const ahead = first && chance(50) ? half.sendAhead(first.start, first.payload) : undefined;
    if (first !== undefined && ahead !== undefined) {
      waiting = waiting.filter((piece) => piece !== first);
      forward(ahead, first.payload);
    } else if (told < ends) {
      window = options.window;
      hasTimedOut = true;
      send(told);
    }
  };

  for (let step = 0; step < PATIENCE; step++) {
    if (told >= ends) return received.join("");
    const [segment, packet] = [take(toGateway), take(toReceiver)];
    const [output, at] = [take(acknowledgements), take(toSender)];
    if (segment !== undefined) atGateway(segment.start, segment.end);
    if (packet !== undefined) atReceiver(packet.at, packet.text);
    if (output !== undefined) backAtGateway(output);
    if (at !== undefined) atSender(at);
    const isIdle = [segment, packet, output, at].every((one) => one === undefined);
    // One segment at a time is sent again, and nothing new, until it is acknowledged (RFC 5681 §3.1).
    if (!hasTimedOut && sent < ends && sent - told < window * options.segment) send(sent);
    else if (isIdle) timers();
  }
  throw new Error(`Of ${ends} bytes the sender is told of ${told}; the receiver has ${read}.`);
}

/** Mulberry32: numbers from 0 to 1 that a seed decides. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
