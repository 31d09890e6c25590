import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type StreamData, TcpStream } from "../../src/capture/tcp-stream.ts";

const TEXT = "INVITE sip:b@example.net SIP/2.0";

/** What is given out as text, a gap as so many dots. */
function text(data: readonly StreamData[]): string {
  return data
    .map((one) => (one.kind === "gap" ? ".".repeat(one.length) : one.bytes.toString("latin1")))
    .join("");
}

/** Adds `TEXT[from..to)` to a stream whose first byte has the sequence number `first`. */
function add(stream: TcpStream, first: number, from: number, to: number): string {
  return text(stream.add((first + from) >>> 0, Buffer.from(TEXT.slice(from, to), "latin1")));
}

describe("TcpStream", () => {
  it("gives each byte once and in order, whatever comes twice, overlaps or is late", () => {
    const piece = fc
      .tuple(fc.nat(TEXT.length), fc.nat(TEXT.length))
      .map(([a, b]) => [Math.min(a, b), Math.max(a, b)]);
    const firsts = fc.constantFrom(1, 0xffff_fff0, 0x7fff_fff8);
    fc.assert(
      fc.property(firsts, fc.array(piece, { maxLength: 30 }), (first, pieces) => {
        const stream = new TcpStream();
        stream.begin(first);
        let given = "";
        for (const [from = 0, to = 0] of pieces) {
          given += add(stream, first, from, to);
          expect(TEXT.startsWith(given)).toBe(true);
        }
        given += add(stream, first, 0, TEXT.length);
        expect(given).toBe(TEXT);
        expect(text(stream.end())).toBe("");
      }),
    );
  });

  it("keeps what came first where a segment sent again differs", () => {
    const stream = new TcpStream();
    expect(text(stream.add(100, Buffer.from("abc")))).toBe("abc");
    expect(text(stream.add(101, Buffer.from("XYZ")))).toBe("Z");
  });

  it("names what is missing once the other side has acknowledged it", () => {
    const stream = new TcpStream();
    expect(add(stream, 5, 0, 6)).toBe("INVITE");
    expect(add(stream, 5, 10, 14)).toBe("");
    expect(text(stream.acknowledged(5 + 6))).toBe("");
    expect(text(stream.acknowledged(5 + 12))).toBe(`....${TEXT.slice(10, 14)}`);
    expect(text(stream.acknowledged(5 + 20))).toBe("......");
    expect(add(stream, 5, 16, 24)).toBe(TEXT.slice(20, 24));
  });

  it("names what is missing at the end of the capture", () => {
    const stream = new TcpStream();
    add(stream, 0, 0, 3);
    add(stream, 0, 9, 11);
    add(stream, 0, 5, 7);
    expect(text(stream.end())).toBe(`..${TEXT.slice(5, 7)}..${TEXT.slice(9, 11)}`);
  });

  it("takes the sequence number of FIN for no byte", () => {
    const stream = new TcpStream();
    add(stream, 0, 0, 6);
    stream.close(6);
    expect(stream.acknowledged(7)).toEqual([]);
  });

  it("gives up waiting for a byte when too much waits behind it", () => {
    const stream = new TcpStream();
    stream.begin(0);
    const segment = Buffer.alloc(60_000, "x");
    let given: readonly StreamData[] = [];
    for (let index = 0; given.length === 0; index++) given = stream.add(1 + index * segment.length, segment);
    expect(given[0]).toEqual({ kind: "gap", length: 1 });
    expect(given.slice(1)).toHaveLength(5);
  });
});
