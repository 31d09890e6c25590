import { describe, expect, it } from "vitest";
import { IpPackets } from "../../src/capture/ip-packets.ts";
import { PacketView } from "../../src/packet/packet-view.ts";
import { udpPacket } from "../packet/packets.ts";

const PACKET = udpPacket({ payload: "payload" });
const PADDING = Buffer.alloc(6);
const ADDRESSES = "020000000001020000000002";

/** Cuts a packet into two fragments; `at` is a multiple of 8 in its IP payload. */
function fragments(packet: Buffer, at: number): [Buffer, Buffer] {
  const first = Buffer.from(packet.subarray(0, 20 + at));
  const second = Buffer.concat([packet.subarray(0, 20), packet.subarray(20 + at)]);
  first.writeUInt16BE(first.length, 2);
  first.writeUInt16BE(0x2000, 6);
  second.writeUInt16BE(second.length, 2);
  second.writeUInt16BE(at / 8, 6);
  return [first, second];
}

describe("IpPackets", () => {
  const layers: [string, number, string][] = [
    ["Ethernet", 1, `${ADDRESSES}0800`],
    ["Ethernet with a VLAN tag", 1, `${ADDRESSES}810000640800`],
    ["Ethernet with two VLAN tags", 1, `${ADDRESSES}88a80001810000640800`],
    ["Linux SLL", 113, "00000001000602000000000100000800"],
    ["Linux SLL2", 276, "0800000000000002000100060200000000010000"],
    ["raw IP", 101, ""],
    ["raw IPv4", 228, ""],
  ];
  for (const [name, linkType, header] of layers) {
    it(`takes the packet out of ${name}, without what pads the frame`, () => {
      const bytes = Buffer.concat([Buffer.from(header, "hex"), PACKET, PADDING]);
      expect(new IpPackets().take({ time: 5n, linkType, bytes })).toEqual({ time: 5n, bytes: PACKET });
    });
  }

  it("counts frames that carry no IP and link types that are not read", () => {
    const taker = new IpPackets();
    const arp = Buffer.from(`${ADDRESSES}0806`, "hex");
    expect(taker.take({ time: 0n, linkType: 1, bytes: arp })).toBeUndefined();
    expect(taker.take({ time: 0n, linkType: 1, bytes: arp.subarray(0, 9) })).toBeUndefined();
    expect(taker.take({ time: 0n, linkType: 105, bytes: arp })).toBeUndefined();
    expect(Object.fromEntries(taker.left())).toEqual({
      "frames that carry no IP": 2,
      "frames of link type 105, which is not read: capture Ethernet, `-i any` or raw IP": 1,
    });
  });

  it("counts a packet that was captured in part", () => {
    const taker = new IpPackets();
    expect(taker.take({ time: 0n, linkType: 101, bytes: PACKET.subarray(0, 30) })).toBeUndefined();
    expect([...taker.left().values()]).toEqual([1]);
  });

  it("puts fragments together in any order", () => {
    const packet = udpPacket({ payload: "a payload of some more bytes than eight" });
    for (const pieces of [fragments(packet, 16), fragments(packet, 24).reverse()]) {
      const taker = new IpPackets();
      const taken = pieces.map((bytes, index) => taker.take({ time: BigInt(index), linkType: 101, bytes }));
      expect(taken[0]).toBeUndefined();
      expect(taken[1]?.time).toBe(1n);
      const whole = taken[1]?.bytes ?? Buffer.alloc(0);
      const view = new PacketView();
      expect(view.parse(whole, 0, whole.length)).toBe("udp");
      expect(whole.subarray(20)).toEqual(packet.subarray(20));
      expect(taker.left().size).toBe(0);
    }
  });

  it("counts a datagram whose other fragment never comes", () => {
    const taker = new IpPackets();
    const [first] = fragments(udpPacket({ payload: "a payload of some more bytes" }), 8);
    expect(taker.take({ time: 0n, linkType: 101, bytes: first })).toBeUndefined();
    expect([...taker.left().values()]).toEqual([1]);
  });
});
