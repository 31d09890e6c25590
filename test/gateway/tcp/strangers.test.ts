import { pino } from "pino";
import { expect, it } from "vitest";
import { schema } from "../../../src/config/schema.ts";
import { externalAddress } from "../../../src/gateway/external-address.ts";
import { makeTables } from "../../../src/gateway/tables.ts";
import { Strangers } from "../../../src/gateway/tcp/strangers.ts";
import { PacketView } from "../../../src/packet/packet-view.ts";
import { readSegment } from "../../../src/packet/tcp-segment.ts";
import { RecordedArming } from "../../../src/replay/arming.ts";
import { unobserved } from "../../../src/table/observer.ts";
import { TimerWheel } from "../../../src/table/timer-wheel.ts";
import { tcpPacket } from "../../packet/packets.ts";

it("tells once, by the addresses an operator knows, of SIP whose beginning nobody saw", () => {
  const told: object[] = [];
  const tables = makeTables(
    schema.parse({ networks: ["192.168.0.0/16"] }),
    100,
    new TimerWheel(0),
    new RecordedArming(),
    unobserved,
    () => false,
  );
  const strangers = new Strangers({
    ...tables,
    pins: { remove: () => undefined, followedBefore: () => undefined },
    log: pino({ enabled: false }),
    budget: { warn: (_now, fields) => told.push(fields) },
    isPeer: () => false,
    modeOf: () => "translate",
    now: 0,
    external: externalAddress("203.0.113.1", undefined, undefined),
  });
  const bytes = tcpPacket({
    source: "192.168.1.10",
    destination: "198.51.100.5",
    sourcePort: 5062,
    destinationPort: 5060,
    payload: "OPTIONS sip:b@example.net SIP/2.0\r\n",
  });
  const packet = new PacketView();
  packet.parse(bytes, 0, bytes.length);
  for (let time = 0; time < 2; time++) {
    expect(strangers.take(packet, readSegment(packet, bytes), true)).toBe("stream-unknown");
  }
  expect(told).toEqual([
    {
      source: "192.168.1.10",
      sourcePort: 5062,
      destination: "198.51.100.5",
      destinationPort: 5060,
      reason: "its beginning was not seen, or was not SIP",
    },
  ]);
});
