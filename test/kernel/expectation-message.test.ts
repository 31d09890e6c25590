import { describe, expect, test } from "vitest";
import {
  decodeExpectation,
  EXPECTATION_CLASS,
  type Expectation,
  encodeDeleteExpectation,
  encodeDumpExpectations,
  encodeExpectationTimeout,
  encodeNewExpectation,
} from "../../src/kernel/expectation-message.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { encoded, fromHex, onlyMessage, toLines, unnumbered } from "./hex.ts";

/* Literals as in conntrack-message.test.ts. */

const flow: FlowTuple = {
  protocol: "udp",
  source: { host: "192.168.50.2", port: 5060 },
  destination: { host: "203.0.113.2", port: 5061 },
};
const pinhole: Expectation = {
  direction: "inbound",
  class: EXPECTATION_CLASS.signalling,
  protocol: "udp",
  from: { host: "203.0.113.3", port: undefined },
  to: { host: "203.0.113.1", port: 20_000 },
  saved: undefined,
  timeout: 60,
};
const inbound: Expectation = {
  ...pinhole,
  class: EXPECTATION_CLASS.audio,
  from: { host: undefined, port: undefined },
  saved: { host: "192.168.50.2", port: 4000 },
};

describe("requests are what conntrack(8) sends, byte for byte", () => {
  // conntrack -I expect -p udp -s 203.0.113.3 -d 203.0.113.1 --sport 0 --dport 20000
  //   --tuple-src 203.0.113.3 --tuple-dst 203.0.113.1 --tuple-port-src 0 --tuple-port-dst 20000
  //   --mask-src 255.255.255.255 --mask-dst 255.255.255.255 --mask-port-src 0 --mask-port-dst 65535 --timeout 60
  //   --orig-src 192.168.50.2 --orig-dst 203.0.113.2 --orig-port-src 5060 --orig-port-dst 5061
  const sent = fromHex(`
    b8000000 00020506 00000000 00000000 02000000
    34000280 14000180 08000100 cb007103 08000200 cb007101
    1c000280 05000100 11000000 06000200 00000000 06000300 4e200000
    34000180 14000180 08000100 c0a83202 08000200 cb007102
    1c000280 05000100 11000000 06000200 13c40000 06000300 13c50000
    34000380 14000180 08000100 ffffffff 08000200 ffffffff
    1c000280 05000100 11000000 06000200 00000000 06000300 ffff0000
    08000400 0000003c`);

  test("a new expectation", () => {
    const ours = encoded((writer) => encodeNewExpectation(writer, flow, pinhole));
    expect(toLines(ours)).toBe(toLines(sent));
  });

  test("its timeout: the same without NLM_F_CREATE and NLM_F_EXCL", () => {
    const ours = encoded((writer) => encodeExpectationTimeout(writer, flow, pinhole));
    sent.writeUInt16LE(0x0005, 6);
    expect(toLines(ours)).toBe(toLines(sent));
  });

  // conntrack -L expect
  test("a dump", () => {
    const dump = fromHex("14000000 01020103 00000000 00000000 02000000");
    const ours = encoded((writer) => encodeDumpExpectations(writer));
    // conntrack(8) asks for IPv4 and no ACK; we ask for both families.
    dump.writeUInt16LE(0x0305, 6);
    dump.writeUInt8(0, 16);
    expect(toLines(ours)).toBe(toLines(unnumbered(dump)));
  });
});

test("NAT is given by direction, the saved endpoint as a tuple's source, and the function that applies it", () => {
  const message = encoded((writer) => encodeNewExpectation(writer, flow, inbound));
  const behindTimeout = message.subarray(20 + 3 * 52 + 8);
  expect(toLines(behindTimeout)).toBe(
    toLines(
      fromHex(`
      08000900 00000001
      40000a80 08000100 00000001
      34000280 14000180 08000100 c0a83202 08000200 00000000
      1c000280 05000100 11000000 06000200 0fa00000 06000300 00000000
      08000b00 73697000`),
    ),
  );
});

test("an expectation from anywhere has an empty source and an empty source mask", () => {
  const message = encoded((writer) => encodeNewExpectation(writer, flow, inbound));
  expect(message.subarray(20 + 12, 20 + 16).toString("hex")).toBe("00000000");
  expect(message.subarray(20 + 2 * 52 + 12, 20 + 2 * 52 + 16).toString("hex")).toBe("00000000");
});

test("an IPv6 expectation from one host has a full IPv6 mask", () => {
  const six = {
    ...pinhole,
    from: { host: "2001:db8::9", port: 7 },
    to: { host: "2001:db8::2", port: 4000 },
  };
  const master: FlowTuple = {
    protocol: "udp",
    source: { host: "2001:db8::2", port: 1 },
    destination: { host: "2001:db8::9", port: 0 },
  };
  const message = encoded((writer) => encodeNewExpectation(writer, master, six));
  expect(message.readUInt8(16)).toBe(10);
  const mask = message.subarray(20 + 2 * 76);
  expect(mask.subarray(0, 8 + 4 + 16).toString("hex")).toBe(
    `4c000380 2c000180 14000300 ${"ff".repeat(16)}`.replaceAll(" ", ""),
  );
  expect(mask.subarray(8 + 40 + 4 + 8, 8 + 40 + 4 + 24).toString("hex")).toBe(
    "06000200ffff000006000300ffff0000",
  );
});

test("a deletion always names its expectation: without a tuple the kernel would delete them all", () => {
  const del = encoded((writer) => encodeDeleteExpectation(writer, inbound));
  expect(del.readUInt16LE(4)).toBe(0x202);
  expect(del.subarray(20)).toEqual(
    fromHex(`
    34000280 14000180 08000100 00000000 08000200 cb007101
    1c000280 05000100 11000000 06000200 00000000 06000300 4e200000`),
  );
});

test("an id narrows a deletion to that very expectation", () => {
  const del = encoded((writer) => encodeDeleteExpectation(writer, inbound, 0xd7e2d62c));
  expect(del.subarray(20 + 52).toString("hex")).toBe("08000500d7e2d62c");
});

describe("the kernel's answers are read", () => {
  // The expectation `inbound` under a master, then conntrack -L expect
  const listed = fromHex(`
    20010000 00020200 00000000 326b29ca 02000000
    34000280 14000180 08000100 00000000 08000200 cb007101
    1c000280 05000100 11000000 06000200 00000000 06000300 4e200000
    34000380 14000180 08000100 00000000 08000200 ffffffff
    1c000280 05000100 11000000 06000200 00000000 06000300 ffff0000
    34000180 14000180 08000100 c0a83202 08000200 cb007102
    1c000280 05000100 11000000 06000200 12340000 06000300 00000000
    40000a80 08000100 00000001
    34000280 14000180 08000100 c0a83202 08000200 00000000
    1c000280 05000100 11000000 06000200 0fa00000 06000300 00000000
    08000400 000000b3 08000500 d7e2d62c 08000800 00000000 08000900 00000001
    08000600 73697000 08000b00 73697000`);

  test("an expectation with its master, its NAT and its names", () => {
    expect(decodeExpectation(listed, onlyMessage(listed))).toEqual({
      master: {
        protocol: "udp",
        source: { host: "192.168.50.2", port: 0x1234 },
        destination: { host: "203.0.113.2", port: 0 },
      },
      protocol: "udp",
      from: inbound.from,
      to: inbound.to,
      timeout: 179,
      id: 0xd7e2d62c,
      class: 1,
      flags: 0,
      nat: { direction: "inbound", saved: inbound.saved },
      helper: "sip",
      fn: "sip",
    });
  });

  test("a mask over part of an address reads as any", () => {
    const partial = Buffer.from(listed);
    partial.writeUInt32BE(0xffffff00, 20 + 52 + 12);
    partial.writeUInt16BE(0xffff, 20 + 52 + 24 + 4 + 8 + 4);
    expect(decodeExpectation(partial, onlyMessage(partial))?.from).toEqual({ host: undefined, port: 0 });
  });

  test("an expectation of another protocol is passed over", () => {
    const icmp = Buffer.from(listed);
    icmp.writeUInt8(1, 20 + 4 + 20 + 4 + 4);
    expect(decodeExpectation(icmp, onlyMessage(icmp))).toBeUndefined();
  });

  test("a message cut anywhere is refused or read in part, but read no further", () => {
    for (let length = 20; length < listed.length; length++) {
      try {
        const entry = decodeExpectation(listed.subarray(0, length), { type: 0x200, start: 0, end: length });
        expect(entry === undefined || entry.master !== undefined).toBe(true);
      } catch (error) {
        expect(error).toMatchObject({ name: "KernelError", code: "EBADMSG" });
      }
    }
  });
});
