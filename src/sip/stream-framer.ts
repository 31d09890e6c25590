import { bytesOf } from "./bytes.ts";
import { CR, decimal, LF } from "./characters.ts";
import { scanFields } from "./fields.ts";
import { Header } from "./header-names.ts";
import { HeaderTable } from "./headers.ts";
import { scanStartLine } from "./start-line.ts";

/** Why bytes of a stream belong to no message. */
export type FrameFault =
  /** They stand where a start-line should. */
  | "no-start-line"
  /** Without it nobody knows where the message ends (RFC 3261 §18.3). */
  | "no-content-length"
  | "malformed-content-length"
  /** Header and body exceed LONGEST_MESSAGE. */
  | "too-large"
  /** Another message, a gap or the end of the stream came before the end of this one. */
  | "cut-short";

/** A piece of a stream; `at` is the offset of its first byte, counted from the first byte of the stream. */
export type StreamPiece =
  /** One whole message as latin1, from its start-line to the end of its body. */
  | { readonly kind: "message"; readonly at: number; readonly text: string }
  /** Line ends between two messages (RFC 5626 §3.5.1). */
  | { readonly kind: "keep-alive"; readonly at: number; readonly length: number }
  | { readonly kind: "left"; readonly at: number; readonly length: number; readonly reason: FrameFault };

/** The longest message that is framed, in bytes: no datagram could hold a longer one either. */
export const LONGEST_MESSAGE = 65_535;

/** Room that a framer begins with once something has to wait, in bytes. */
const FIRST_ROOM = 2048;

/**
 * What the framer is in the middle of. between: a start-line comes next. head: of a message. body: all of the head
 * is there. rest-of-line: a line that was given up. oversize: a message that was given up, whose end is known.
 */
type State = "between" | "head" | "body" | "rest-of-line" | "oversize";

/**
 * StreamFramer cuts one direction of a TCP connection into SIP messages by their Content-Length (RFC 3261 §18.3).
 *
 * It is total and never loses its place for good: what is no message is given out as such, and the next start-line
 * at the beginning of a line begins the next message, even within the header of an unfinished one, where no field
 * can look like it. The pieces are those of the stream, however it is split; only `keep-alive` and `left` may come
 * in several parts. It holds at most LONGEST_MESSAGE bytes and what the last push brought; its time is linear.
 */
export class StreamFramer {
  #room: Buffer = Buffer.alloc(0);
  /** What waits is `#room[#start..#end)`, its first byte being byte `#at` of the stream. */
  #start = 0;
  #end = 0;
  #at = 0;
  #state: State = "between";
  /** Bytes from `#start` that hold no unread line: where the search for the next line feed goes on. */
  #searched = 0;
  /** Where the line begins that is being read, from `#start`. */
  #line = 0;
  /** Bytes of the whole message in state body; those still to come in state oversize. */
  #length = 0;
  /** What came last was no message, so that line ends are no keep-alive but part of the same. */
  #isLost = false;
  #fault: FrameFault = "no-start-line";
  #pieces: StreamPiece[] = [];
  readonly #headers = new HeaderTable();

  /** Bytes that wait for the rest of their message. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /** Takes the next bytes of the stream, and gives out what they complete. */
  push(bytes: Uint8Array): readonly StreamPiece[] {
    this.#append(bytes);
    while (this.#step());
    return this.#taken();
  }

  /** The next `length` bytes of the stream are not to be had; 0 when it just ends here. */
  gap(length: number): readonly StreamPiece[] {
    this.#leave(this.waiting, this.#state === "between" ? "no-start-line" : "cut-short");
    this.#at += length;
    this.#state = "between";
    this.#isLost = true;
    return this.#taken();
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#room.length) {
      const { waiting } = this;
      // Twice what is needed, so that moving costs no more than the bytes that come in.
      const needed = 2 * (waiting + bytes.length);
      const room = needed > this.#room.length ? Buffer.alloc(Math.max(needed, FIRST_ROOM)) : this.#room;
      this.#room.copy(room, 0, this.#start, this.#end);
      this.#room = room;
      this.#start = 0;
      this.#end = waiting;
    }
    this.#room.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** One step; false when more bytes have to come. */
  #step(): boolean {
    switch (this.#state) {
      case "between":
        return this.#between();
      case "head":
        return this.#head();
      case "body":
        return this.#body();
      case "rest-of-line":
        return this.#restOfLine();
      case "oversize":
        return this.#oversize();
    }
  }

  #between(): boolean {
    let blank = 0;
    while (blank < this.waiting && isLineEnd(this.#room[this.#start + blank])) blank++;
    if (blank > 0) {
      if (this.#isLost) this.#leave(blank, "no-start-line");
      else this.#pieces.push({ kind: "keep-alive", at: this.#at, length: this.#consume(blank) });
    }
    const line = this.#nextLine("no-start-line");
    if (line === undefined) return false;
    if (line === "too-long") return true;
    if (isStartLine(line)) {
      this.#line = this.#searched;
      this.#state = "head";
    } else this.#leave(this.#searched, "no-start-line");
    return true;
  }

  #head(): boolean {
    const line = this.#nextLine("too-large");
    if (line === undefined) return false;
    if (line === "too-long") return true;
    if (line === "") this.#endOfHead();
    else if (isStartLine(line)) {
      const searched = this.#searched - this.#line;
      this.#leave(this.#line, "cut-short");
      this.#searched = searched;
    }
    this.#line = this.#searched;
    return true;
  }

  #endOfHead(): void {
    const head = this.#room.toString("latin1", this.#start, this.#start + this.#searched);
    const length = contentLength(head, this.#headers);
    if (typeof length === "string") {
      this.#leave(this.#searched, length);
      this.#state = "between";
      return;
    }
    this.#length = this.#searched + length;
    this.#state = this.#length > LONGEST_MESSAGE ? "oversize" : "body";
  }

  #body(): boolean {
    if (this.waiting < this.#length) return false;
    const text = this.#room.toString("latin1", this.#start, this.#start + this.#length);
    this.#pieces.push({ kind: "message", at: this.#at, text });
    this.#consume(this.#length);
    this.#state = "between";
    this.#isLost = false;
    return true;
  }

  #restOfLine(): boolean {
    const end = this.#room.subarray(this.#start, this.#end).indexOf(LF);
    this.#leave(end < 0 ? this.waiting : end + 1, this.#fault);
    if (end >= 0) this.#state = "between";
    return end >= 0;
  }

  #oversize(): boolean {
    const length = Math.min(this.waiting, this.#length);
    this.#length -= length;
    this.#leave(length, "too-large");
    if (this.#length > 0) return false;
    this.#state = "between";
    this.#isLost = false;
    return true;
  }

  /**
   * The next line without its end, up to which everything is then searched; undefined when its end has to come.
   * With it, what waits would exceed LONGEST_MESSAGE: all of that is left for `fault`.
   */
  #nextLine(fault: FrameFault): string | undefined | "too-long" {
    const lineStart = this.#start + (this.#state === "head" ? this.#line : 0);
    const found = this.#room.subarray(0, this.#end).indexOf(LF, this.#start + this.#searched);
    const searched = (found < 0 ? this.#end : found + 1) - this.#start;
    if (searched > LONGEST_MESSAGE) {
      this.#leave(searched, fault);
      this.#fault = fault;
      this.#state = found < 0 ? "rest-of-line" : "between";
      return "too-long";
    }
    this.#searched = searched;
    if (found < 0) return undefined;
    const end = found > lineStart && this.#room[found - 1] === CR ? found - 1 : found;
    return this.#room.toString("latin1", lineStart, end);
  }

  #leave(length: number, reason: FrameFault): void {
    if (length === 0) return;
    const last = this.#pieces.at(-1);
    const at = this.#at;
    this.#consume(length);
    this.#isLost = true;
    if (last?.kind === "left" && last.reason === reason && last.at + last.length === at) {
      this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + length };
    } else this.#pieces.push({ kind: "left", at, length, reason });
  }

  #consume(length: number): number {
    this.#start += length;
    this.#at += length;
    this.#searched = 0;
    this.#line = 0;
    return length;
  }

  #taken(): readonly StreamPiece[] {
    if (this.#pieces.length === 0) return NO_PIECES;
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }
}

const NO_PIECES: readonly StreamPiece[] = [];

function isLineEnd(code: number | undefined): boolean {
  return code === CR || code === LF;
}

function isStartLine(line: string): boolean {
  // SIP/2.0 stands at its beginning or its end, which most lines need not be read to show that it does not.
  if ((line.charCodeAt(0) | 0x20) !== 0x73 && line.charCodeAt(line.length - 1) !== 0x30) return false;
  return scanStartLine(line, 0, line.length) !== undefined;
}

/** What Content-Length says in a head that ends with its empty line; a field that cannot be read is passed over. */
function contentLength(head: string, headers: HeaderTable): number | FrameFault {
  headers.clear();
  let at = head.indexOf("\n") + 1;
  for (;;) {
    const behind = scanFields(head, at, head.length, headers);
    if (typeof behind === "number" || behind.reason !== "malformed-header") break;
    at = head.indexOf("\n", behind.at) + 1;
  }
  const index = headers.first(Header.contentLength);
  if (index < 0) return "no-content-length";
  if (headers.next(Header.contentLength, index) >= 0) return "malformed-content-length";
  const end = headers.valueEnd(index);
  const length = decimal(bytesOf(head), headers.valueStart(index), end, Number.MAX_SAFE_INTEGER);
  return length < 0 ? "malformed-content-length" : length;
}
