import { describe, expect, it } from "vitest";
import { type CapturedPacket, CaptureError } from "../../src/capture/captured-packet.ts";
import { readCapture } from "../../src/capture/read-capture.ts";
import { LINKTYPE_RAW, writePcap } from "../../src/capture/write-pcap.ts";
import { pcapFile, pcapngSection } from "./files.ts";

const FRAMES = [
  { time: 1_700_000_000_123_456_000n, bytes: Buffer.from("first") },
  { time: 1_700_000_001_999_999_000n, bytes: Buffer.from("") },
  { time: 4_294_967_295_000_001_000n, bytes: Buffer.from("third one") },
];

function plain(packets: Iterable<CapturedPacket>): unknown[] {
  return [...packets].map(({ time, linkType, bytes }) => ({ time, linkType, text: bytes.toString() }));
}

function expected(linkType: number): unknown[] {
  return FRAMES.map(({ time, bytes }) => ({ time, linkType, text: bytes.toString() }));
}

/** What is read before the fault, and the fault. */
function fault(bytes: Buffer): { readonly read: number; readonly message: string } {
  let read = 0;
  try {
    for (const _ of readCapture("call.pcap", bytes)) read++;
  } catch (error) {
    if (error instanceof CaptureError) return { read, message: error.message };
    throw error;
  }
  throw new Error(`it was read as ${read} packets`);
}

describe("readCapture", () => {
  for (const order of ["little", "big"] as const) {
    for (const nanoseconds of [false, true]) {
      const format = { order, nanoseconds, linkType: 113 };
      const unit = nanoseconds ? "nanoseconds" : "microseconds";
      it(`reads pcap, ${order}-endian, ${unit}`, () => {
        expect(plain(readCapture("f", pcapFile(FRAMES, format)))).toEqual(expected(113));
      });
      it(`reads pcapng, ${order}-endian, ${unit}`, () => {
        expect(plain(readCapture("f", pcapngSection(FRAMES, format)))).toEqual(expected(113));
      });
    }
  }

  it("reads pcapng sections of different byte order and link type one after another", () => {
    const first = pcapngSection(FRAMES, { order: "big", nanoseconds: true, linkType: 1 });
    const second = pcapngSection(FRAMES, { order: "little", nanoseconds: false, linkType: 276 });
    const packets = plain(readCapture("f", Buffer.concat([first, second])));
    expect(packets).toEqual([...expected(1), ...expected(276)]);
  });

  it("reads the times of nanoseconds that writePcap wrote", () => {
    const frames = [{ time: 1_700_000_000_123_456_789n, bytes: Buffer.from("packet") }];
    expect(plain(readCapture("f", writePcap(frames)))).toEqual([
      { time: 1_700_000_000_123_456_789n, linkType: LINKTYPE_RAW, text: "packet" },
    ]);
  });

  it("gives the packets before a cut, then names the file, the offset and a remedy", () => {
    const format = { order: "little", nanoseconds: false, linkType: 1 } as const;
    const whole = pcapFile(FRAMES, format);
    expect(fault(whole.subarray(0, whole.length - 2))).toEqual({
      read: 2,
      message:
        "call.pcap: offset 61: the file ends within a packet (9 bytes announced, 7 there); " +
        "packets before it are whole, `tcpdump -r FILE -w NEW` copies those",
    });
    const sections = pcapngSection(FRAMES, format);
    const cut = fault(sections.subarray(0, sections.length - 2));
    expect(cut.read).toBe(2);
    expect(cut.message).toMatch(/^call\.pcap: offset \d+: the file ends within a block \(/);
  });

  it("fails clearly or gives packets wherever a file is cut", () => {
    for (const make of [pcapFile, pcapngSection]) {
      const whole = make(FRAMES, { order: "big", nanoseconds: true, linkType: 1 });
      for (let length = 0; length < whole.length; length++) {
        try {
          expect([...readCapture("f", whole.subarray(0, length))].length).toBeLessThan(FRAMES.length);
        } catch (error) {
          expect(error).toBeInstanceOf(CaptureError);
        }
      }
    }
  });

  it("names a length that cannot be", () => {
    const file = pcapFile(FRAMES, { order: "little", nanoseconds: false, linkType: 1 });
    file.writeUInt32LE(0x7fff_ffff, 32);
    expect(fault(file).message).toBe(
      "call.pcap: offset 32: a packet of 2147483647 bytes cannot be; " +
        "the file is damaged, so copy it again or capture anew",
    );
  });

  it("says what a file is that is no capture", () => {
    expect(fault(Buffer.from("INVITE sip:")).message).toContain(
      "call.pcap: a file that begins with 494e5649",
    );
    expect(fault(Buffer.from([0x1f, 0x8b, 8, 0])).message).toContain("unpack it with gunzip");
    expect(fault(Buffer.alloc(0)).message).toContain("0 bytes are no capture");
  });
});
