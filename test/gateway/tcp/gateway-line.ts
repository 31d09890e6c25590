import { pino } from "pino";
import { schema } from "../../../src/config/schema.ts";
import type { GatewayContext, Pinning } from "../../../src/gateway/context.ts";
import { externalAddress } from "../../../src/gateway/external-address.ts";
import { Gateway } from "../../../src/gateway/gateway.ts";
import { modeRules } from "../../../src/gateway/modes.ts";
import { makeTables } from "../../../src/gateway/tables.ts";
import type { Accept } from "../../../src/gateway/tcp/departures.ts";
import {
  ROW_ID,
  ROW_IN_INTERFACE,
  ROW_LENGTH,
  ROW_OFFSET,
  ROW_ORIGINAL_LENGTH,
  ROW_REPLACEMENT_LENGTH,
  ROW_REPLACEMENT_OFFSET,
  ROW_VERDICT,
  VERDICT_HOLD,
} from "../../../src/kernel/native.ts";
import { Batch } from "../../../src/kernel/queue.ts";
import { Counters } from "../../../src/observe/counters.ts";
import { endpointKey } from "../../../src/packet/address.ts";
import { parseIpv6 } from "../../../src/packet/ipv6.ts";
import { Ipv6View } from "../../../src/packet/ipv6-view.ts";
import { readSegment, type TcpSegment } from "../../../src/packet/tcp-segment.ts";
import { RecordedArming } from "../../../src/replay/arming.ts";
import { NO_KERNEL } from "../../../src/replay/no-kernel.ts";
import { unobserved } from "../../../src/table/observer.ts";
import { TimerWheel } from "../../../src/table/timer-wheel.ts";

export const PHONE = "fd00:50::10";
export const PHONE_PORT = 5062;
export const PROVIDER = "2001:db8:5::5";
export const EXTERNAL = "2001:db8:113::1";
export const [FIN, SYN, RST, ACK] = [0x01, 0x02, 0x04, 0x10];
const [INSIDE, OUTSIDE] = [1, 2];
const HEADERS = 40 + 20;

/** A segment as a sender sends it. */
export interface Sent {
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
  readonly payload?: string;
}

/** What became of a segment: how it was sent on, or that it waits. */
export type Became = TcpSegment | "held";

/** GatewayLine is a gateway with NAT66 between a phone and a provider that have one TCP connection; there is no kernel. */
export class GatewayLine {
  readonly sides = { inside: new Set([INSIDE]), outside: OUTSIDE, mtu: 1500 };
  readonly counters = new Counters();
  /** What was logged, as "message: reason". */
  readonly warnings: string[] = [];
  readonly #context: GatewayContext;
  readonly #gateway: Gateway;
  readonly #batch = new Batch();
  #now = 0;
  #id = 0;

  /** @param accept what the kernel does with the verdict of a packet that was held */
  constructor(pins: Partial<Pinning> = {}, accept: Accept = () => undefined) {
    const config = schema.parse({ networks: ["192.168.0.0/16", "fd00:50::/64"] });
    const wheel = new TimerWheel(0);
    this.#context = {
      ...makeTables(config, 100, wheel, new RecordedArming(), unobserved, () => false),
      ...NO_KERNEL,
      pins: { ...NO_KERNEL.pins, ...pins },
      counters: this.counters,
      log: pino({ enabled: false }),
      budget: {
        warn: (_now, { reason, code }: { reason?: string; code?: string }, message) =>
          this.warnings.push(`${message}: ${reason ?? code}`),
      },
      routeOf: () => "outside",
      isServed: () => true,
      isPeer: () => false,
      modeOf: modeRules(config),
      routing: 0,
      now: 0,
      external: externalAddress("203.0.113.1", undefined, EXTERNAL),
    };
    this.#gateway = new Gateway(
      this.#context,
      this.sides,
      () => "public",
      wheel,
      () => this.#now,
      accept,
    );
  }

  /** The phone sends a segment to the provider. */
  fromPhone(sent: Sent): Became {
    return this.#pass(PHONE, PROVIDER, sent);
  }

  /** The provider, or who forges its address, sends one to the phone's external endpoint. */
  fromProvider(sent: Sent): Became {
    return this.#pass(PROVIDER, EXTERNAL, sent);
  }

  /** The gateway knows nothing more of the connection than its binding, as after a restart. */
  forget(): void {
    const binding = this.#context.bindings.tcp.byInside(endpointKey(PHONE, PHONE_PORT));
    if (binding !== undefined) this.#gateway.connectionEnded(binding, endpointKey(PROVIDER, 5060));
  }

  /** So many milliseconds go by. */
  wait(milliseconds: number): void {
    this.#now += milliseconds;
    this.#gateway.tick();
  }

  #pass(source: string, destination: string, { sequence, acknowledged, flags, payload = "" }: Sent): Became {
    const length = HEADERS + payload.length;
    const packet = this.#batch.bytes;
    // As the kernel leaves it: what came before is overwritten.
    packet.fill(0, 0, 0x10000);
    packet[0] = 0x60;
    packet.writeUInt16BE(length - 40, 4);
    packet[6] = 6;
    packet.set(parseIpv6(source) ?? [], 8);
    packet.set(parseIpv6(destination) ?? [], 24);
    packet.writeUInt16BE(source === PHONE ? PHONE_PORT : 5060, 40);
    packet.writeUInt16BE(destination === EXTERNAL ? PHONE_PORT : 5060, 42);
    packet.writeUInt32BE(sequence >>> 0, 44);
    packet.writeUInt32BE(acknowledged >>> 0, 48);
    packet[52] = 5 << 4;
    packet[53] = flags;
    packet.write(payload, HEADERS, "latin1");
    const { rows } = this.#batch;
    rows.fill(0);
    rows[ROW_ID] = ++this.#id;
    rows[ROW_OFFSET] = 0;
    rows[ROW_LENGTH] = length;
    rows[ROW_ORIGINAL_LENGTH] = length;
    rows[ROW_IN_INTERFACE] = source === PHONE ? INSIDE : OUTSIDE;
    this.#batch.begin(1);
    this.#gateway.handleBatch(this.#batch);
    if (rows[ROW_VERDICT] === VERDICT_HOLD) return "held";
    const written = rows[ROW_REPLACEMENT_LENGTH] ?? 0;
    const from = rows[ROW_REPLACEMENT_OFFSET] ?? 0;
    const out = Buffer.from(
      written > 0 ? this.#batch.output.subarray(from, from + written) : packet.subarray(0, length),
    );
    const view = new Ipv6View();
    view.parse(out, 0, out.length);
    return readSegment(view, out);
  }
}
