import { describe, expect, it } from "vitest";
import type { Phone } from "./messages.ts";
import { encodePackets, type Packet } from "./packet-file.ts";
import { PHONE_ADDRESSES, PHONES_PREFIX, registrations, WORKS } from "./work.ts";

const phones: readonly Phone[] = PHONE_ADDRESSES.map((address, index) => ({
  address,
  index,
  port: 6000 + index,
}));
const cseqOf = ({ payload }: Packet): string => /^CSeq: (.*)\r$/m.exec(payload)?.[1] ?? "";
const callOf = ({ payload }: Packet): string => /^Call-ID: (.*)\r$/m.exec(payload)?.[1] ?? "";

describe.each(WORKS.map((work) => ({ name: work.name, work })))("the packets of $name", ({ work }) => {
  const packets = work.packets(phones);

  it("never answer what has not been asked", () => {
    const asked = new Set<string>();
    const unasked = packets.filter((packet) => {
      const transaction = `${callOf(packet)} ${cseqOf(packet)}`;
      if (packet.payload.startsWith("SIP/2.0")) return !asked.has(transaction);
      asked.add(transaction);
      return false;
    });
    expect(unasked).toEqual([]);
    expect(asked.size).toBeGreaterThanOrEqual(phones.length);
  });

  it("show the provider an inside address of each phone that speaks, for translation to take away", () => {
    const requests = packets.filter(
      ({ sender, payload }) => sender === "phone" && !payload.startsWith("SIP/2.0 486"),
    );
    expect(requests.filter(({ payload }) => !payload.includes(PHONES_PREFIX))).toEqual([]);
  });

  it("have a body as long as they say", () => {
    const wrong = packets.filter(({ payload }) => {
      const [, body = ""] = payload.split("\r\n\r\n");
      return !payload.includes(`\r\nContent-Length: ${body.length}\r\n`);
    });
    expect(wrong).toEqual([]);
  });
});

it("a packet is written as sip-load reads it", () => {
  const [first] = registrations;
  if (first === undefined) throw new Error("There are no registrations.");
  const file = encodePackets([first]);
  expect(file.subarray(0, 12).toString("hex")).toBe("0a050001cb00710213c40000");
  expect(new Uint32Array(new Uint8Array(file.subarray(12, 16)).buffer)[0]).toBe(file.length - 16);
});
