import { describe, expect, test } from "vitest";
import {
  decodeConntrack,
  encodeConntrackAdjustment,
  encodeDeleteConntrack,
  encodeGetConntrack,
  encodeNewConntrack,
} from "../../src/kernel/conntrack-message.ts";
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY } from "../../src/kernel/ctnetlink.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { IPS_HELPER, IPS_SEQ_ADJUST } from "./conntrack-status.ts";
import { encoded, fromHex, onlyMessage, toLines, unnumbered } from "./hex.ts";

/*
 * The literals are what conntrack(8) 1.4.7 sent or the kernel (Linux 6.18) answered on x86-64, shown by
 * `strace -e write=all -e read=all`. The command stands above each.
 */

const flow: FlowTuple = {
  protocol: "udp",
  source: { host: "192.168.50.2", port: 5060 },
  destination: { host: "203.0.113.2", port: 5061 },
};

describe("requests are what conntrack(8) sends, byte for byte", () => {
  // conntrack -I -p udp -s 192.168.50.2 -d 203.0.113.2 --sport 5060 --dport 5061 --src-nat 203.0.113.1:7777
  //   --timeout 60 --mark 7 -u SEEN_REPLY,ASSURED
  test("a new UDP entry with source NAT, mark and status", () => {
    const sent = fromHex(`
      b4000000 00010506 7121046b 00000000 02000000
      34000180 14000180 08000100 c0a83202 08000200 cb007102
      1c000280 05000100 11000000 06000200 13c40000 06000300 13c50000
      34000280 14000180 08000100 cb007102 08000200 c0a83202
      1c000280 05000100 11000000 06000200 13c50000 06000300 13c40000
      08000300 0000000e 08000700 0000003c 08000800 00000007
      20000680 08000100 cb007101 14000380 06000100 1e610000 06000200 1e610000`);
    const ours = encoded((writer) =>
      encodeNewConntrack(writer, {
        original: flow,
        sourceNat: { host: "203.0.113.1", port: 7777 },
        status: IPS_SEEN_REPLY | IPS_ASSURED | IPS_CONFIRMED,
        timeout: 60,
        mark: 7,
      }),
    );
    expect(toLines(ours)).toBe(toLines(unnumbered(sent)));
  });

  // conntrack -G -p udp -s 192.168.50.2 -d 203.0.113.2 --sport 5060 --dport 5061
  test("a lookup", () => {
    const sent = fromHex(`
      48000000 01010500 7121046b 00000000 02000000
      34000180 14000180 08000100 c0a83202 08000200 cb007102
      1c000280 05000100 11000000 06000200 13c40000 06000300 13c50000`);
    expect(toLines(encoded((writer) => encodeGetConntrack(writer, flow)))).toBe(toLines(unnumbered(sent)));
  });
});

test("a deletion always names its entry: without a tuple the kernel would delete them all", () => {
  const get = encoded((writer) => encodeGetConntrack(writer, flow));
  const del = encoded((writer) => encodeDeleteConntrack(writer, flow));
  expect(del.readUInt16LE(4)).toBe(0x102);
  expect(del.subarray(6)).toEqual(get.subarray(6));
});

test("a sequence adjustment with a negative offset is written in two's complement", () => {
  const message = encoded((writer) =>
    encodeConntrackAdjustment(writer, flow, "reply", { position: 0xfffffff0, before: 0, after: -3 }),
  );
  const at = 20 + 52;
  expect(message.subarray(at).toString("hex")).toBe(
    "1c001080" +
      "08000100fffffff0" +
      "0800020000000000" +
      "08000300fffffffd" +
      // CTA_PROTOINFO: IP_CT_TCP_FLAG_BE_LIBERAL both ways, and nothing of the entry's state.
      "18000480" +
      "14000180" +
      "0600040008080000" +
      "0600050008080000",
  );
});

test("an IPv6 entry has IPv6 addresses and no NAT", () => {
  const message = encoded((writer) =>
    encodeNewConntrack(writer, {
      original: {
        protocol: "tcp",
        source: { host: "2001:db8::2", port: 1 },
        destination: { host: "2001:db8::3", port: 2 },
      },
      status: IPS_CONFIRMED,
      timeout: 1,
    }),
  );
  expect(message.readUInt8(16)).toBe(10);
  const ip =
    "2c000180" + "1400030020010db8000000000000000000000002" + "1400040020010db8000000000000000000000003";
  expect(message.subarray(20, 20 + 4 + 44).toString("hex")).toBe(`4c000180${ip}`);
});

test("a host that is no address is refused by name", () => {
  const named = { ...flow, destination: { host: "provider.example", port: 5060 } };
  expect(() => encoded((writer) => encodeGetConntrack(writer, named))).toThrow(
    '"provider.example" is not an IP address',
  );
});

describe("the kernel's answers are read", () => {
  // conntrack -I -p tcp -s 192.168.50.2 -d 203.0.113.2 --sport 5060 --dport 5061 --timeout 60 --state ESTABLISHED
  //   --mark 9, then a sequence adjustment of {1000, 0, -3}, then conntrack -L
  const tcp = fromHex(`
    28010000 00010200 b223046b 645e0000 02000000
    34000180 14000180 08000100 c0a83202 08000200 cb007102
    1c000280 05000100 06000000 06000200 13c40000 06000300 13c50000
    34000280 14000180 08000100 cb007102 08000200 c0a83202
    1c000280 05000100 06000000 06000200 13c50000 06000300 13c40000
    08000300 00000048 08000800 00000009 08000c00 31fc1410 08000b00 00000001 08000700 0000003b
    30000480 2c000180 05000100 03000000 05000200 00000000 05000300 00000000 06000400 0a000000 06000500 0a000000
    1c000f80 08000100 000003e8 08000200 00000000 08000300 fffffffd
    1c001080 08000100 00000000 08000200 00000000 08000300 00000000
    1c001880 08000100 00000000 08000200 00000000 08000300 00000000`);

  test("a TCP entry with its state and its sequence adjustments", () => {
    expect(decodeConntrack(tcp, onlyMessage(tcp))).toEqual({
      original: { ...flow, protocol: "tcp" },
      reply: { protocol: "tcp", source: flow.destination, destination: flow.source },
      status: IPS_CONFIRMED | IPS_SEQ_ADJUST,
      timeout: 59,
      mark: 9,
      id: 0x31fc1410,
      helper: undefined,
      master: undefined,
      // conntrack(8) makes every TCP entry liberal.
      tcp: { state: 3, liberal: true },
      sequenceAdjustment: {
        original: { position: 1000, before: 0, after: -3 },
        reply: { position: 0, before: 0, after: 0 },
      },
    });
  });

  test("a TCP entry is liberal only if it is in both directions", () => {
    const strict = Buffer.from(tcp);
    // The value of CTA_PROTOINFO_TCP_FLAGS_REPLY.
    strict.writeUInt8(0x02, 20 + 2 * 52 + 5 * 8 + 8 + 4 * 8 + 4);
    expect(decodeConntrack(strict, onlyMessage(strict))?.tcp).toEqual({ state: 3, liberal: false });
  });

  // A master of ours, as Conntrack.arm makes it; then conntrack -L
  test("a master with its helper and its NAT", () => {
    const bytes = fromHex(`
      cc000000 00010200 b223046b 6e5e0000 02000000
      34000180 14000180 08000100 c0a83202 08000200 cb007102
      1c000280 05000100 11000000 06000200 12340000 06000300 00000000
      34000280 14000180 08000100 cb007102 08000200 cb007101
      1c000280 05000100 11000000 06000200 00000000 06000300 12340000
      08000300 0000200e 08000800 00000000 08000c00 55b9d65a 08000b00 00000001 08000700 00000257
      0c000580 08000100 73697000
      1c001880 08000100 00000000 08000200 00000000 08000300 00000000`);
    expect(decodeConntrack(bytes, onlyMessage(bytes))).toMatchObject({
      original: {
        protocol: "udp",
        source: { host: "192.168.50.2", port: 0x1234 },
        destination: { host: "203.0.113.2", port: 0 },
      },
      reply: { source: { host: "203.0.113.2", port: 0 }, destination: { host: "203.0.113.1", port: 0x1234 } },
      status: IPS_HELPER | IPS_CONFIRMED | IPS_ASSURED | IPS_SEEN_REPLY,
      timeout: 599,
      helper: "sip",
      tcp: undefined,
    });
  });

  test("a flow that is neither UDP nor TCP is passed over", () => {
    const icmp = Buffer.from(tcp);
    // CTA_PROTO_NUM of CTA_TUPLE_ORIG.
    icmp.writeUInt8(1, 20 + 4 + 20 + 4 + 4);
    expect(decodeConntrack(icmp, onlyMessage(icmp))).toBeUndefined();
  });

  test("an unknown attribute is passed over", () => {
    const longer = Buffer.concat([tcp, fromHex("0800ff00 01020304")]);
    longer.writeUInt32LE(longer.length, 0);
    expect(decodeConntrack(longer, onlyMessage(longer))).toEqual(decodeConntrack(tcp, onlyMessage(tcp)));
  });

  test("a message cut anywhere is refused or read in part, but read no further", () => {
    for (let length = 20; length < tcp.length; length++) {
      const cut = tcp.subarray(0, length);
      const read = () => decodeConntrack(cut, { type: 0x100, start: 0, end: length });
      try {
        const entry = read();
        expect(entry === undefined || entry.original !== undefined).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ name: "KernelError", code: "EBADMSG" });
      }
    }
  });

  test("a value of the wrong size is refused", () => {
    const bytes = Buffer.from(tcp);
    // The last attribute before the sequence adjustments gets a length beyond the message.
    bytes.writeUInt16LE(0xffff, 20 + 2 * 52);
    expect(() => decodeConntrack(bytes, onlyMessage(bytes))).toThrow("attribute of 65535 bytes");
    bytes.writeUInt16LE(6, 20 + 2 * 52);
    expect(() => decodeConntrack(bytes, onlyMessage(bytes))).toThrow(
      "attribute 3 holds 2 bytes where 4 are due",
    );
  });
});
