import { expect, it } from "vitest";
import { mayEnter, mayLeave } from "../../src/gateway/admission.ts";
import type { Destination } from "../../src/gateway/context.ts";
import type { Mode } from "../../src/gateway/modes.ts";
import { addressOf } from "../../src/packet/address.ts";
import { PacketView } from "../../src/packet/packet-view.ts";
import { udpPacket } from "../packet/packets.ts";

const [PHONE, PROVIDER] = ["192.168.50.10", "203.0.113.2"];

it.each([
  { knows: false, isPeer: false, mode: "off", admission: "source-not-allowed" },
  { knows: true, isPeer: false, mode: "off", admission: "mode-off" },
  { knows: false, isPeer: true, mode: "off", admission: "mode-off" },
  { knows: true, isPeer: false, mode: "pinhole", admission: "allowed" },
  { knows: false, isPeer: true, mode: "translate", admission: "allowed" },
] as const)("lets in whom the phone has sent SIP to, and peers: $admission with $mode", (given) => {
  const rules = { isPeer: () => given.isPeer, modeOf: (): Mode => given.mode };
  const binding = { inside: { host: PHONE, port: 5060 }, host: { knows: () => given.knows } };
  expect(mayEnter(rules, binding, addressOf(PROVIDER))).toBe(given.admission);
});

it.each([
  { isServed: false, mode: "off", route: "local-destination", admission: "not-translated-network" },
  { isServed: true, mode: "off", route: "local-destination", admission: "mode-off" },
  { isServed: true, mode: "translate", route: "local-destination", admission: "local-destination" },
  { isServed: true, mode: "pinhole", route: "outside", admission: "allowed" },
] as const)("lets out what a served host sends outside: $admission with $mode", (given) => {
  const bytes = udpPacket({ source: PHONE, destination: PROVIDER });
  const packet = new PacketView();
  packet.parse(bytes, 0, bytes.length);
  const asked: unknown[] = [];
  const rules = {
    isServed: () => given.isServed,
    modeOf: (): Mode => given.mode,
    routeOf: (...all: unknown[]): Destination => {
      asked.push(...all);
      return given.route;
    },
  };
  expect(mayLeave(rules, packet, 3, 7)).toBe(given.admission);
  if (given.admission === "allowed") expect(asked).toEqual([addressOf(PROVIDER), addressOf(PHONE), 3, 7]);
});
