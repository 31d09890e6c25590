import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EXP_DELETE } from "../../src/kernel/ctnetlink.ts";
import { ExpectationEnd } from "../../src/kernel/expectation-end.ts";
import {
  decodeExpectation,
  EXPECTATION_CLASS,
  type Expectation,
} from "../../src/kernel/expectation-message.ts";
import { addressOf } from "../../src/packet/address.ts";
import { expectationEvent } from "./expectation-event.ts";
import { fromHex } from "./hex.ts";

// The event of an expectation that nf_conntrack_sip's master 192.168.50.2:4660 -> 203.0.113.2:0 had, for any source.
const told = fromHex(`
  20010000 02020000 00000000 00000000 02000000
  34000280 14000180 08000100 00000000 08000200 cb007101
  1c000280 05000100 11000000 06000200 00000000 06000300 4e200000
  34000380 14000180 08000100 00000000 08000200 ffffffff
  1c000280 05000100 11000000 06000200 00000000 06000300 ffff0000
  34000180 14000180 08000100 c0a83202 08000200 cb007102
  1c000280 05000100 11000000 06000200 12340000 06000300 00000000
  40000a80 08000100 00000001
  34000280 14000180 08000100 c0a83202 08000200 00000000
  1c000280 05000100 11000000 06000200 0fa00000 06000300 00000000
  08000400 00000000 08000500 d7e2d62c 08000800 00000000 08000900 00000001
  08000600 73697000 08000b00 73697000`);

/** What is read of an event; undefined when it is passed over. */
function read(bytes: Buffer) {
  const end = new ExpectationEnd(bytes);
  if (!end.read(0, bytes.length)) return undefined;
  const { peer, id, masterPort, port, fromAnywhere } = end;
  return { peer, id, masterPort, port, fromAnywhere };
}

/** The same, of all that is in it. */
function readWhole(bytes: Buffer) {
  const entry = decodeExpectation(bytes, { type: EXP_DELETE, start: 0, end: bytes.length });
  if (entry === undefined) return undefined;
  const { master, from, to, nat } = entry;
  return {
    peer: addressOf(master.destination.host),
    id: master.source.port,
    masterPort: master.destination.port,
    port: to.port,
    fromAnywhere: from.host === undefined && from.port === undefined && nat?.direction !== "outbound",
  };
}

/** The event of the end of an expectation of a master between two hosts. */
function endOf(inside: string, peer: string, expectation: Partial<Expectation>): Buffer {
  const master = {
    protocol: "udp",
    source: { host: inside, port: 7 },
    destination: { host: peer, port: 0 },
  } as const;
  return expectationEvent(master, {
    direction: "inbound",
    class: EXPECTATION_CLASS.audio,
    protocol: "udp",
    from: { host: undefined, port: undefined },
    to: { host: peer, port: 4000 },
    saved: undefined,
    timeout: 60,
    ...expectation,
  });
}

describe("the end of an expectation", () => {
  it("names its master and its port", () => {
    const master = { peer: 0xcb007102, id: 0x1234, masterPort: 0 };
    expect(read(told)).toEqual({ ...master, port: 20_000, fromAnywhere: true });
    expect(readWhole(told)).toEqual(read(told));
  });

  it("can be read as a whole, too", () => {
    const end = new ExpectationEnd(told);
    end.read(0, told.length);
    const message = { type: EXP_DELETE, start: 0, end: told.length };
    expect(end.entry()).toEqual(decodeExpectation(told, message));
    expect(end.entry()?.helper).toBe("sip");
  });

  const phone = { host: "192.168.50.2", port: 4000 };
  it.each<[string, Partial<Expectation>, boolean]>([
    ["of any source", { saved: phone }, true],
    ["of any source, without NAT", {}, true],
    ["of one host", { from: { host: "203.0.113.9", port: undefined }, saved: phone }, false],
    ["of one port", { from: { host: undefined, port: 4000 }, saved: phone }, false],
    ["on the phone's own way out", { direction: "outbound", from: phone, saved: phone }, false],
    ["on a way out that anyone may take", { direction: "outbound", saved: phone }, false],
  ])("tells whom it let in: %s", (_name, expectation, fromAnywhere) => {
    const event = endOf("192.168.50.2", "203.0.113.2", expectation);
    expect(read(event)?.fromAnywhere).toBe(fromAnywhere);
    expect(readWhole(event)).toEqual(read(event));
  });

  it("is read of IPv6, too", () => {
    const event = endOf("2001:db8::2", "2001:db8::9", {});
    expect(read(event)).toEqual({
      peer: "2001:db8::9",
      id: 7,
      masterPort: 0,
      port: 4000,
      fromAnywhere: true,
    });
  });

  it("is read behind others in one buffer", () => {
    const six = endOf("2001:db8::2", "2001:db8::9", {});
    const end = new ExpectationEnd(Buffer.concat([six, told]));
    end.read(0, six.length);
    expect(end.peer).toBe("2001:db8::9");
    end.read(six.length, six.length + told.length);
    expect([end.peer, end.port]).toEqual([0xcb007102, 20_000]);
  });

  it("of another protocol is passed over", () => {
    const icmp = Buffer.from(told);
    icmp.writeUInt8(1, 20 + 4 + 20 + 4 + 4);
    expect(read(icmp)).toBeUndefined();
  });

  it("that is cut off is refused or passed over, and read no further", () => {
    for (let length = 20; length < told.length; length++) {
      try {
        read(told.subarray(0, length));
      } catch (error) {
        expect(error).toMatchObject({ name: "KernelError", code: "EBADMSG" });
      }
    }
  });

  it("is what the whole event says, whatever bytes are wrong in it", () => {
    const change = fc.record({ at: fc.nat(told.length - 21), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const event = Buffer.from(told);
        for (const { at, to } of changes) event[20 + at] = to;
        let whole: unknown;
        try {
          whole = readWhole(event);
        } catch {
          // What is broken in a part that is not asked for may be overlooked.
          return;
        }
        expect(read(event)).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });
});
