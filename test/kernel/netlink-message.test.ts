import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AttributeReader } from "../../src/kernel/attribute-reader.ts";
import { KernelError } from "../../src/kernel/kernel-error.ts";
import { MessageWriter } from "../../src/kernel/message-writer.ts";
import { messages, NLMSG_HEADER } from "../../src/kernel/netlink-message.ts";
import { fromHex, toLines } from "./hex.ts";

describe("messages", () => {
  test("lie one behind the other, each at a multiple of four", () => {
    const writer = new MessageWriter(256);
    for (const text of ["", "abc", "abcd"]) {
      writer.begin(7, 0);
      writer.string(1, text);
      writer.end();
    }
    const found = [...messages(writer.bytes, writer.length)];
    expect(found.map(({ start, end }) => [start, end])).toEqual([
      [0, 24],
      [24, 48],
      [48, 76],
    ]);
  });

  test("a header that is cut off is refused", () => {
    const bytes = Buffer.alloc(20);
    bytes.writeUInt32LE(16, 0);
    expect(() => [...messages(bytes, 20)]).toThrow("4 bytes left of a message header");
  });

  test.each([0, 15, 17, 0xffffffff])("a length of %d in 16 bytes is refused", (length) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32LE(length, 0);
    expect(() => [...messages(bytes, 16)]).toThrow(`message of ${length} bytes in 16 bytes`);
  });

  test("any bytes are walked to an end or refused", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          for (const { start, end } of messages(bytes, bytes.length)) {
            expect(end - start).toBeGreaterThanOrEqual(NLMSG_HEADER);
            expect(end).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(KernelError);
        }
      }),
    );
  });
});

describe("the writer", () => {
  test("writes each kind of value as the kernel reads it", () => {
    const writer = new MessageWriter(256);
    writer.begin(0x102, 0x400);
    const nest = writer.beginNest(2);
    writer.u8(1, 0x11);
    writer.be16(2, 0x1234);
    writer.endNest(nest);
    writer.be32(3, 0xfedcba98);
    writer.u32(4, 0xfedcba98);
    writer.string(5, "sip");
    writer.binary(6, Uint8Array.of(1, 2, 3));
    writer.address(7, 8, "192.0.2.1");
    writer.address(7, 8, "2001:db8::1");
    writer.end();
    expect(toLines(writer.bytes.subarray(0, writer.length))).toBe(
      toLines(
        fromHex(`
        60000000 02010104 00000000 00000000
        14000280 05000100 11000000 06000200 12340000
        08000300 fedcba98 08000400 98badcfe 08000500 73697000 07000600 01020300
        08000700 c0000201 14000800 20010db8 00000000 00000000 00000001`),
      ),
    );
  });

  test("leaves nothing of an earlier message in headers, fixed parts and padding", () => {
    const writer = new MessageWriter(64);
    writer.bytes.fill(0xff);
    writer.begin(1, 0);
    writer.fixed(4);
    writer.u8(1, 1);
    writer.string(2, "ab");
    writer.end();
    expect(toLines(writer.bytes.subarray(0, writer.length))).toBe(
      toLines(fromHex("24000000 01000100 00000000 00000000 00000000 05000100 01000000 07000200 61620000")),
    );
  });

  test("does not write beyond its buffer", () => {
    const writer = new MessageWriter(24);
    writer.begin(1, 0);
    writer.be32(1, 1);
    expect(writer.room).toBe(0);
    expect(() => writer.u8(2, 1)).toThrow("netlink message exceeds 24 bytes");
  });
});

describe("the reader", () => {
  const reader = (hex: string) => {
    const bytes = fromHex(hex);
    return new AttributeReader(bytes, 0, bytes.length);
  };

  test("reads what the writer wrote", () => {
    const writer = new MessageWriter(256);
    writer.begin(1, 0);
    writer.address(1, 2, "2001:db8::1");
    writer.u32(3, 0x80000001);
    writer.string(4, "wan0");
    writer.end();
    const attributes = new AttributeReader(writer.bytes, NLMSG_HEADER, writer.length);
    const read: unknown[] = [];
    while (attributes.next()) {
      if (attributes.type === 2) read.push(attributes.address());
      if (attributes.type === 3) read.push(attributes.u32());
      if (attributes.type === 4) read.push(attributes.string());
    }
    expect(read).toEqual(["2001:db8::1", 0x80000001, "wan0"]);
  });

  test("reads a string without its closing zero", () => {
    const attributes = reader("07000100 73697000");
    attributes.next();
    expect(attributes.string()).toBe("sip");
  });

  test("takes the last attribute without its padding", () => {
    const attributes = reader("05000100 11");
    expect(attributes.next()).toBe(true);
    expect(attributes.u8()).toBe(0x11);
    expect(attributes.next()).toBe(false);
  });

  test.each(["0500", "03000100", "00000000", "09000100 11111111"])(
    "refuses an attribute that does not fit: %s",
    (hex) => {
      expect(() => reader(hex).next()).toThrow(KernelError);
    },
  );

  test("refuses an address of another size", () => {
    const attributes = reader("09000100 11111111 11000000");
    attributes.next();
    expect(() => attributes.address()).toThrow("attribute 1 holds 5 bytes where 4 are due");
  });
});
