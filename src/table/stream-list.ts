import { type Endpoint, isSameEndpoint, type Transport } from "../packet/endpoint.ts";

/** What the inside party has to keep of a line for it to stay the same stream. */
interface Line {
  readonly transport: Transport;
  readonly rtp: Endpoint;
}

/** What a StreamList needs of a stream. */
export interface Listed<Item> {
  readonly target: Line;
  /** The stream of its call that was made after it. */
  following: Item | undefined;
}

/** StreamList is the streams of one call, a handful as a rule, in the order they were made: each leads to the next. */
export class StreamList<Stream extends Listed<Stream>> {
  first: Stream | undefined = undefined;
  size = 0;

  /** The stream of an inside m= line. */
  find({ transport, rtp }: Line): Stream | undefined {
    for (let stream = this.first; stream !== undefined; stream = stream.following) {
      const { target } = stream;
      if (isSameEndpoint(target.rtp, rtp) && target.transport === transport) return stream;
    }
    return undefined;
  }

  has(stream: Stream): boolean {
    for (let each = this.first; each !== undefined; each = each.following) if (each === stream) return true;
    return false;
  }

  /** Appends a stream that it has not. */
  add(stream: Stream): void {
    let last = this.first;
    while (last?.following !== undefined) last = last.following;
    if (last === undefined) this.first = stream;
    else last.following = stream;
    this.size++;
  }

  /** Takes a stream out if it is there. */
  delete(stream: Stream): void {
    if (this.first === stream) this.first = stream.following;
    else {
      let before = this.first;
      while (before !== undefined && before.following !== stream) before = before.following;
      if (before === undefined) return;
      before.following = stream.following;
    }
    stream.following = undefined;
    this.size--;
  }

  /** Each of them; one may be taken out while it is looked at. */
  *values(): Generator<Stream> {
    for (let stream = this.first; stream !== undefined; ) {
      const { following }: Stream = stream;
      yield stream;
      stream = following;
    }
  }
}
