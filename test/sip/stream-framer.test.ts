import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Header } from "../../src/sip/header-names.ts";
import { scan } from "../../src/sip/scan.ts";
import { LONGEST_MESSAGE, StreamFramer, type StreamPiece } from "../../src/sip/stream-framer.ts";
import { ownCorpus } from "../translate/corpus.ts";

function message(body: string, contentLength = `Content-Length: ${body.length}`): string {
  return `MESSAGE sip:b@example.net SIP/2.0\r\nCall-ID: 1\r\n${contentLength}\r\n\r\n${body}`;
}

/** A body that holds what looks like a message, as a NOTIFY of a REFER does (RFC 3515 §2.4.5). */
const NESTED = message(`SIP/2.0 200 OK\r\n\r\n${message("inner")}`);
const WITHOUT_LENGTH = "BYE sip:b@example.net SIP/2.0\r\nCall-ID: 2\r\n\r\n";

/** Pushes a stream in pieces that end at `cuts`, and ends it. */
function frame(stream: string, cuts: readonly number[] = []): StreamPiece[] {
  const bytes = Buffer.from(stream, "latin1");
  const framer = new StreamFramer();
  const pieces: StreamPiece[] = [];
  let from = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    pieces.push(...framer.push(bytes.subarray(from, cut)));
    from = cut;
  }
  return [...pieces, ...framer.gap(0)];
}

function texts(pieces: readonly StreamPiece[]): string[] {
  return pieces.flatMap((piece) => (piece.kind === "message" ? [piece.text] : []));
}

function lengthOf(piece: StreamPiece): number {
  return piece.kind === "message" ? piece.text.length : piece.length;
}

/** The kind of every byte of the stream, which no split may change; throws where pieces do not join. */
function kinds(pieces: readonly StreamPiece[]): string[] {
  const all: string[] = [];
  for (const piece of pieces) {
    expect(piece.at).toBe(all.length);
    const kind = piece.kind === "left" ? piece.reason : piece.kind;
    for (let index = 0; index < lengthOf(piece); index++) all.push(kind);
  }
  return all;
}

const part = fc.oneof(
  fc.string({ maxLength: 40, unit: "binary-ascii" }).map((body) => message(body)),
  fc.constantFrom(NESTED, WITHOUT_LENGTH, "\r\n\r\n", "\n", "\r\n", "no SIP at all\r\n"),
  fc.constantFrom(
    message("abc", "l:\r\n 3"),
    message("abc", "Content-Length: x"),
    message("", "l: 0\r\nl: 0"),
  ),
  fc.constant(message("", "a line without a colon\r\nContent-Length: 0")),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
);

describe("StreamFramer", () => {
  it("gives the same messages however the stream is split", () => {
    const streams = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(""));
    const cuts = fc.array(fc.nat(600), { maxLength: 20 });
    fc.assert(
      fc.property(streams, cuts, (stream, at) => {
        const whole = frame(stream);
        const split = frame(
          stream,
          at.filter((cut) => cut <= stream.length),
        );
        expect(texts(split)).toEqual(texts(whole));
        expect(kinds(split)).toEqual(kinds(whole));
        expect(kinds(whole)).toHaveLength(stream.length);
        const byByte = frame(
          stream,
          [...stream].map((_, index) => index),
        );
        expect(kinds(byByte)).toEqual(kinds(whole));
      }),
    );
  });

  it("finds every message of a stream with keep-alives between them", () => {
    const messages = [message("one"), NESTED, message("")];
    const stream = `\r\n\r\n${messages.join("\r\n")}`;
    expect(texts(frame(stream))).toEqual(messages);
    expect(new Set(kinds(frame(stream)))).toEqual(new Set(["keep-alive", "message"]));
  });

  it("finds the messages of the corpus in one stream", () => {
    const messages = ownCorpus().flatMap(({ text }) => {
      const result = scan(text);
      if (result.kind !== "message" || !result.message.headers.has(Header.contentLength)) return [];
      return [text.slice(result.message.start, result.message.end)];
    });
    expect(messages.length).toBeGreaterThan(150);
    expect(texts(frame(messages.join("\r\n\r\n")))).toEqual(messages);
  });

  it("goes on at the next start-line behind what it cannot frame", () => {
    for (const broken of [
      WITHOUT_LENGTH,
      `${WITHOUT_LENGTH}a body\r\n`,
      "INVITE sip:b@example.net SIP/2.0\r\nCall-ID: cut off\r\n",
      message("", "Content-Length: -1"),
      "GET / HTTP/1.1\r\n\r\n",
    ]) {
      expect(texts(frame(broken + message("next")))).toEqual([message("next")]);
    }
  });

  it("names why bytes are in no message", () => {
    const reasons = (stream: string): Set<string> => new Set(kinds(frame(stream)));
    expect(reasons(WITHOUT_LENGTH)).toEqual(new Set(["no-content-length"]));
    expect(reasons(message("", "l: 0\r\nl: 0"))).toEqual(new Set(["malformed-content-length"]));
    expect(reasons(message("four", "l: 5"))).toEqual(new Set(["cut-short"]));
    expect(reasons("\x16\x03\x01 a TLS record")).toEqual(new Set(["no-start-line"]));
  });

  it("takes line ends for a keep-alive only where a message has ended", () => {
    const tooLong = message("x".repeat(LONGEST_MESSAGE));
    expect(kinds(frame(`${WITHOUT_LENGTH}\r\n`)).at(-1)).toBe("no-start-line");
    expect(kinds(frame(`${WITHOUT_LENGTH}${message("")}\r\n`)).at(-1)).toBe("keep-alive");
    expect(kinds(frame(`${tooLong}\r\n`)).at(-1)).toBe("keep-alive");
  });

  it("goes on at the next message behind a gap", () => {
    const framer = new StreamFramer();
    const cut = message("a body of which the end is missing");
    const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
    expect(framer.push(bytes(cut.slice(0, -10)))).toEqual([]);
    expect(framer.gap(10)).toEqual([{ kind: "left", at: 0, length: cut.length - 10, reason: "cut-short" }]);
    expect(framer.push(bytes(message("next")))).toEqual([
      { kind: "message", at: cut.length, text: message("next") },
    ]);
  });

  it("passes over a message that is too long by its Content-Length, and holds none of it", () => {
    const framer = new StreamFramer();
    const body = `${message("inside")}${"x".repeat(LONGEST_MESSAGE)}`;
    const pieces: StreamPiece[] = [];
    const stream = Buffer.from(message(body) + message("next"), "latin1");
    for (let at = 0; at < stream.length; at += 1000) {
      pieces.push(...framer.push(stream.subarray(at, at + 1000)));
      expect(framer.waiting).toBeLessThan(1000);
    }
    expect(texts(pieces)).toEqual([message("next")]);
  });

  it("holds no more than the longest message, whatever does not end", () => {
    for (const start of [
      "",
      "INVITE sip:b@example.net SIP/2.0\r\n",
      "INVITE sip:b@example.net SIP/2.0\r\nX: ",
    ]) {
      const framer = new StreamFramer();
      const line = Buffer.from("y".repeat(999), "latin1");
      framer.push(Buffer.from(start, "latin1"));
      for (let sent = 0; sent < 5 * LONGEST_MESSAGE; sent += line.length) {
        framer.push(line);
        expect(framer.waiting).toBeLessThanOrEqual(LONGEST_MESSAGE + line.length);
      }
      const pieces = framer.push(Buffer.from(`\r\n${message("next")}`, "latin1"));
      expect(texts(pieces)).toEqual([message("next")]);
    }
  });

  it("takes a line as too long or not wherever the stream is split", () => {
    for (const more of [-1, 0, 1]) {
      const long = `${"z".repeat(LONGEST_MESSAGE - 2 + more)}\r\n`;
      const head = `${message("").slice(0, -2)}X: ${"z".repeat(LONGEST_MESSAGE)}`;
      for (const stream of [
        long + message("next"),
        `${head.slice(0, LONGEST_MESSAGE - 4 + more)}\r\n\r\n${message("next")}`,
      ]) {
        const split = frame(stream, [LONGEST_MESSAGE - 1, LONGEST_MESSAGE, LONGEST_MESSAGE + 1]);
        expect(kinds(split)).toEqual(kinds(frame(stream)));
        expect(texts(split).at(-1)).toBe(message("next"));
      }
    }
  });
});
