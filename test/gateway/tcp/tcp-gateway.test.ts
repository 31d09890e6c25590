import { beforeEach, describe, expect, it } from "vitest";
import type { SequenceAdjustment } from "../../../src/kernel/sequence-adjustment.ts";
import { ACK, EXTERNAL, FIN, GatewayLine, PHONE, PHONE_PORT, RST, SYN } from "./gateway-line.ts";

/** The numbers of both SYNs. */
const [CALLER, CALLED] = [1000, 5_000_000];
const FIRST = CALLER + 1;

/** A request of the phone that is `length` bytes long. */
function options(length: number): string {
  const head = `OPTIONS sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/TCP [${PHONE}]:${PHONE_PORT};branch=z9hG4bK1
From: <sip:a@example.net>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS
Content-Length: 0\r\nX: `.replaceAll(/\r?\n/g, "\r\n");
  return `${head}${"x".repeat(length - head.length - 4)}\r\n\r\n`;
}

let line: GatewayLine;
/** What the kernel is told, and what it answers, by the number of the request. */
let told: SequenceAdjustment[];
let answer: (request: number) => string | undefined;
/** The verdicts of packets that were held: their names, and the bytes of what replaces them; and what the kernel does. */
let accepted: [number, number][];
let accept: (length: number) => void;

beforeEach(() => {
  told = [];
  answer = () => undefined;
  const adjust = (...[, , , , adjustment]: [unknown, unknown, unknown, unknown, SequenceAdjustment]) => {
    told.push(adjustment);
    return answer(told.length);
  };
  const shift = { position: CALLER, before: 0, after: 0 };
  const followedBefore = () =>
    ({ began: "outbound", adjusted: { outbound: shift, inbound: shift } }) as const;
  accepted = [];
  accept = () => undefined;
  line = new GatewayLine({ adjust, followedBefore }, (id, replacement) => {
    accepted.push([id, replacement.length]);
    accept(replacement.length);
  });
  line.fromPhone({ sequence: CALLER, acknowledged: 0, flags: SYN });
  line.fromProvider({ sequence: CALLED, acknowledged: FIRST, flags: SYN | ACK });
});

/** The phone sends bytes at an offset of its stream. */
function phoneSends(at: number, payload: string, flags = 0): ReturnType<GatewayLine["fromPhone"]> {
  return line.fromPhone({ sequence: FIRST + at, acknowledged: CALLED + 1, flags: ACK | flags, payload });
}

/** The text that a segment became. */
function text(became: ReturnType<GatewayLine["fromPhone"]>): string {
  return became === "held" ? became : became.payload.toString("latin1");
}

describe("TcpGateway", () => {
  it("tells the kernel again of an adjustment that it did not take", () => {
    answer = (request) => (request === 1 ? "ENOBUFS" : undefined);
    expect(text(phoneSends(0, options(400)))).not.toContain(PHONE);
    expect(line.warnings).toEqual(["sequence numbers could not be adjusted: ENOBUFS"]);
    line.fromProvider({ sequence: CALLED + 1, acknowledged: FIRST, flags: ACK });
    expect(told).toHaveLength(2);
    expect(told[1]).toEqual(told[0]);
  });

  it("lets all pass that waits when the kernel cannot be asked, with the bytes that it came with", () => {
    const message = options(400);
    answer = (request) => {
      if (request === 2) throw new Error("the socket is gone");
      return undefined;
    };
    expect(text(phoneSends(0, message))).not.toContain(PHONE);
    // Of the third message, whose rest never comes, the batch has the beginning when the kernel fails on the second.
    const segment = message + message.slice(0, 100);
    expect(text(phoneSends(400, segment))).toBe(segment);
    const rest = message.slice(100);
    expect(text(phoneSends(900, rest))).toBe(rest);
  });

  it("lets a segment go as it came whose verdict the kernel refuses, and all that come later", () => {
    accept = (length) => {
      if (length > 0) throw new RangeError("too long");
    };
    const message = options(400);
    expect(phoneSends(0, message.slice(0, 300))).toBe("held");
    phoneSends(300, message.slice(300));
    expect(accepted.map(([, length]) => length > 0)).toEqual([true, false]);
    expect(new Set(accepted.map(([id]) => id)).size).toBe(1);
    line.wait(6000);
    expect(text(phoneSends(400, options(400)))).toBe(options(400));
    expect(line.warnings).toContain(
      "TCP flow passes as it is from here on: a segment has grown too large, or its verdict was refused",
    );
  });

  it("goes on with its timers where the kernel takes no verdict at all", () => {
    accept = () => {
      throw new Error("ENOBUFS");
    };
    expect(phoneSends(0, options(400).slice(0, 300))).toBe("held");
    for (let step = 0; step < 10; step++) line.wait(1000);
    const [id] = accepted[0] ?? [];
    // Sent ahead, and as it came; no more is tried of a packet that the kernel does not let go.
    expect(accepted.map(([each]) => each)).toEqual([id, id]);
    expect(phoneSends(300, options(400).slice(300))).not.toBe("held");
  });

  it("ends a stream behind its last byte, and not behind a segment that did not hold all bytes", () => {
    const message = options(1398);
    const first = phoneSends(0, message, FIN);
    expect(first).toMatchObject({ fin: false, payload: { length: 1400 } });
    const again = phoneSends(0, message, FIN);
    expect(again).toEqual(first);
    line.fromProvider({ sequence: CALLED + 1, acknowledged: FIRST + 1400, flags: ACK });
    const rest = phoneSends(1396, message.slice(1396), FIN);
    expect(rest).toMatchObject({ fin: true });
    expect(text(first) + text(rest)).toBe(message.replace(PHONE, EXTERNAL));
  });

  it.each([
    { what: "a message", flags: ACK, payload: "SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n" },
    { what: "a reset", flags: RST, payload: "" },
  ])(
    "takes no notice of $what from somewhere ahead in the stream, as one who does not know its numbers sends it",
    (forged) => {
      phoneSends(0, options(400));
      const sent = { sequence: CALLED + 100_000_000, acknowledged: 12_345, ...forged };
      expect(line.fromProvider(sent)).toMatchObject({ sequence: sent.sequence });
      line.wait(6000);
      expect(line.warnings).toEqual([]);
      expect(text(phoneSends(400, options(400)))).not.toContain(PHONE);
    },
  );

  it("goes on, after a restart, with what the phone expects and not with a message of other numbers", () => {
    phoneSends(0, options(400));
    line.forget();
    phoneSends(400, "\r\n\r\n");
    const answer = `SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP [${EXTERNAL}]:${PHONE_PORT};branch=z9hG4bK1
From: <sip:a@example.net>;tag=1\r\nTo: <sip:b@example.net>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS
Content-Length: 0\r\n\r\n`.replaceAll(/\r?\n/g, "\r\n");
    const sends = (at: number) =>
      line.fromProvider({ sequence: CALLED + 1 + at, acknowledged: FIRST, flags: ACK, payload: answer });
    expect(text(sends(100_000_000))).toBe(answer);
    expect(text(sends(0))).toContain(`Via: SIP/2.0/TCP [${PHONE}]:${PHONE_PORT};`);
  });

  it("gives up a connection, and says so, of which a segment outgrows an MTU that has become smaller", () => {
    line.sides.mtu = 1280;
    const message = options(1220);
    expect(text(phoneSends(0, message))).toBe(message);
    expect(line.counters.passed["too-large"]).toBe(1);
    expect(line.warnings).toEqual([
      "TCP flow passes as it is from here on: a segment has grown too large, or its verdict was refused",
    ]);
    expect(text(phoneSends(1220, options(400)))).toBe(options(400));
  });
});
