import { describe, expect, it } from "vitest";
import { encodeNewConntrack } from "../../src/kernel/conntrack-message.ts";
import { CT_DELETE, CT_NEW, EXP_DELETE, IPS_CONFIRMED, IPS_EXPECTED } from "../../src/kernel/ctnetlink.ts";
import { tableEventFilter } from "../../src/kernel/socket-filter.ts";
import { encoded } from "./hex.ts";

/** The netlink port id of the socket that takes masters out. */
const OURS = 0x12345678;

/** Finds the attribute of a type among those in `[at, end)`, as the kernel's BPF does: its offset, 0 for none. */
function find(message: Buffer, type: number, at: number, end: number): number {
  while (at < end) {
    if ((message.readUInt16LE(at + 2) & 0x3fff) === type) return at;
    at += (message.readUInt16LE(at) + 3) & ~3;
  }
  return 0;
}

/** Runs a classic BPF program over a message, as far as the filter's instructions go: true when it lets it through. */
function passes(program: Uint8Array, message: Buffer): boolean {
  const code = Buffer.from(program);
  let [a, x] = [0, 0];
  for (let at = 0; ; at += 8) {
    const [operation, k] = [code.readUInt16LE(at), code.readUInt32LE(at + 4)];
    const jump = (isTrue: boolean) => 8 * (code[at + (isTrue ? 2 : 3)] ?? 0);
    if (operation === 0x00) a = k;
    else if (operation === 0x01) x = k;
    else if (operation === 0x07) x = a;
    else if (operation === 0x20 && k === 0xfffff00c) a = find(message, x, a, message.length);
    else if (operation === 0x20 && k === 0xfffff010) a = find(message, x, a + 4, a + message.readUInt16LE(a));
    else if (operation === 0x20) a = message.readUInt32BE(k);
    else if (operation === 0x28) a = message.readUInt16BE(k);
    else if (operation === 0x40) a = message.readUInt32BE(x + k);
    else if (operation === 0x48) a = message.readUInt16BE(x + k);
    else if (operation === 0x15) at += jump(a === k);
    else if (operation === 0x25) at += jump(a > k);
    else if (operation === 0x35) at += jump(a >= k);
    else if (operation === 0x45) at += jump((a & k) !== 0);
    else if (operation === 0x06) return k !== 0;
    else throw new Error(`unknown operation ${operation}`);
  }
}

/** An event of an entry with this destination port, that comes of a request from a netlink port id, 0 for none. */
function event(type: number, port: number, requester = 0, status = IPS_CONFIRMED): Buffer {
  const original = {
    protocol: "udp",
    source: { host: "192.168.50.2", port: 7 },
    destination: { host: "203.0.113.2", port },
  } as const;
  const bytes = encoded((writer) => encodeNewConntrack(writer, { original, status, timeout: 0 }));
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt32LE(requester, 12);
  return bytes;
}

describe("the filter of the kernel's events", () => {
  const ranges = [
    { first: 0, last: 0 },
    { first: 5060, last: 5069 },
  ];
  const told = (message: Buffer, requester?: number) => passes(tableEventFilter(ranges, requester), message);

  it("lets through the ends of entries to the ports that are asked for", () => {
    const ports = [0, 1, 5059, 5060, 5069, 5070].filter((port) => told(event(CT_DELETE, port)));
    expect(ports).toEqual([0, 5060, 5069]);
    expect(ports.filter((port) => told(event(CT_DELETE, port), OURS))).toEqual(ports);
  });

  it("lets through what an expectation had waited for, and no other beginning", () => {
    expect(told(event(CT_NEW, 4000, 0, IPS_CONFIRMED | IPS_EXPECTED))).toBe(true);
    expect(told(event(CT_DELETE, 4000, 0, IPS_CONFIRMED | IPS_EXPECTED))).toBe(true);
    expect(told(event(CT_NEW, 5060))).toBe(false);
    expect(told(event(CT_NEW, 0))).toBe(false);
  });

  it("lets through the end of any expectation", () => {
    expect(told(event(EXP_DELETE, 4000), OURS)).toBe(true);
    expect(told(event(EXP_DELETE, 4000, OURS), OURS)).toBe(true);
  });

  it("keeps back the ends of masters that come of our own requests", () => {
    expect(told(event(CT_DELETE, 0, OURS), OURS)).toBe(false);
    expect(told(event(CT_DELETE, 0, OURS + 1), OURS)).toBe(true);
    expect(told(event(CT_DELETE, 0, 0x78563412), OURS)).toBe(true);
    expect(told(event(CT_DELETE, 5060, OURS), OURS)).toBe(true);
  });
});
