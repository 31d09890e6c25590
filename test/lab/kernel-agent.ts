/**
 * A process that does to the kernel of its network namespace what a test asks of it: one JSON request a line on
 * standard input, one JSON answer a line on standard output. Run by KernelAgent.
 */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type {
  ArmRequest,
  ArmResult,
  DisarmRequest,
  DisarmResult,
  RemoveResult,
} from "../../src/kernel/arm.ts";
import { Conntrack } from "../../src/kernel/conntrack.ts";
import type { ConntrackEntry, ConntrackFilter, Direction } from "../../src/kernel/conntrack-message.ts";
import { errnoName } from "../../src/kernel/errno.ts";
import { watchTables } from "../../src/kernel/events.ts";
import { raiseExpectationLimit } from "../../src/kernel/expectation-limit.ts";
import type { ExpectationEntry } from "../../src/kernel/expectation-message.ts";
import { readInterface, readInterfaces, watchInterfaces } from "../../src/kernel/interfaces.ts";
import { KernelError } from "../../src/kernel/kernel-error.ts";
import { LocalSockets } from "../../src/kernel/local-sockets.ts";
import { MessageWriter } from "../../src/kernel/message-writer.ts";
import { loadNative } from "../../src/kernel/native.ts";
import { NETLINK_NETFILTER } from "../../src/kernel/netlink-message.ts";
import { NetlinkSocket } from "../../src/kernel/netlink-socket.ts";
import type { Pin } from "../../src/kernel/pin.ts";
import { type Batch, Queue, type QueueOptions } from "../../src/kernel/queue.ts";
import { Routes, watchRoutes } from "../../src/kernel/routes.ts";
import {
  type NetfilterSetting,
  readNetfilterSetting,
  writeNetfilterSetting,
} from "../../src/kernel/sysctl.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { addressOf } from "../../src/packet/address.ts";
import { PacketView } from "../../src/packet/packet-view.ts";
import type { PortRange } from "../../src/packet/port-range.ts";
import { writeUdpPacket } from "../../src/packet/write-udp.ts";

const native = loadNative();
const conntrack = Conntrack.open(native);
const raw = NetlinkSocket.open(native, NETLINK_NETFILTER, "raw request");
const routes = Routes.open(native);
const sockets = new LocalSockets();
const udp = new Map<number, { socket: Socket; inbox: Inbox<{ text: string; host: string; port: number }> }>();

/** What has come and was not asked for yet, or who waits for what has not come. */
class Inbox<Item> {
  readonly items: Item[] = [];
  #waiting: ((item: Item) => void) | undefined;

  put(item: Item): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(item);
    else this.items.push(item);
  }

  next(): Promise<Item> {
    const item = this.items.shift();
    return item === undefined ? new Promise((resolve) => (this.#waiting = resolve)) : Promise.resolve(item);
  }
}

const expectationEvents = new Inbox<ExpectationEntry>();
const conntrackEvents = new Inbox<ConntrackEntry>();
const flowEvents = new Inbox<ConntrackEntry>();
const changes = new Inbox<string>();
const overrun = () => process.stderr.write("events were lost\n");

/** Replaces `from` in each packet's payload by `to`, and keeps what it saw. */
function rewrite(from: string, to: string, mtu: number): (batch: Batch) => void {
  const packet = new PacketView();
  return (batch) => {
    for (let index = 0; index < batch.count; index++) {
      const kind = packet.parse(batch.bytes, batch.offset(index), batch.length(index));
      if (kind !== "udp") continue;
      const end = packet.payloadOffset + packet.payloadLength;
      const text = batch.bytes.toString("latin1", packet.payloadOffset, end);
      if (!text.includes(from)) continue;
      const changed = [...text.matchAll(new RegExp(from, "g"))].map(({ index: start }) => {
        return { start, end: start + from.length, text: to };
      });
      batch.replace(index, writeUdpPacket(packet, batch.bytes, changed, batch.output, batch.outputUsed, mtu));
    }
  };
}

let queue: Queue | undefined;

/** Everything a test can ask for. */
export const verbs = {
  pin: (pin: Pin) => conntrack.pin(pin),
  lookup: (flow: FlowTuple) => conntrack.lookup(flow) ?? null,
  remove: (flow: FlowTuple) => conntrack.remove(flow),
  adjustSequence: (flow: FlowTuple, direction: Direction, position: number, before: number, after: number) =>
    conntrack.adjustSequence(flow, direction, { position, before, after }) ?? null,
  /** Sends one message as it is. Returns the errno's name, null for none. */
  raw: (hex: string) => {
    const writer = new MessageWriter(hex.length / 2);
    writer.bytes.set(Buffer.from(hex, "hex"), writer.fixed(hex.length / 2));
    const errnos = new Int32Array(1);
    raw.request(writer, errnos);
    return errnos[0] ? errnoName(errnos[0]) : null;
  },
  /** All in one flush. */
  arm: (requests: readonly ArmRequest[]) => {
    const results: ArmResult[] = [];
    for (const request of requests) conntrack.arm(request, (result) => results.push(result));
    conntrack.flush();
    return results;
  },
  disarm: (request: DisarmRequest) => {
    let result: DisarmResult | undefined;
    conntrack.disarm(request, (got) => {
      result = got;
    });
    conntrack.flush();
    return result ?? null;
  },
  /** Has the kernel tell of so many expectations' ends. */
  armAndDisarm: (request: ArmRequest, times: number) => {
    for (let round = 0; round < times; round++) {
      conntrack.arm(request, () => undefined);
      conntrack.disarm(request);
      conntrack.flush();
    }
  },
  removeMaster: (flow: FlowTuple) => {
    let result: RemoveResult | undefined;
    conntrack.removeMaster(flow, (got) => {
      result = got;
    });
    conntrack.flush();
    return result ?? null;
  },
  dumpConntrack: (filter?: ConntrackFilter) => [...conntrack.dumpConntrack(filter)],
  dumpExpectations: () => [...conntrack.dumpExpectations()],
  countExpectations: () => [...conntrack.dumpExpectations()].length,

  nextExpectationEvent: () => expectationEvents.next(),
  watchTables: (ports: readonly PortRange[]) =>
    void watchTables(native, ports, {
      expectationGone: (end) => {
        const entry = end.entry();
        if (entry !== undefined) expectationEvents.put(entry);
      },
      flowBegan: (entry) => flowEvents.put(entry),
      conntrackEnded: (entry) => conntrackEvents.put(entry),
      told: () => undefined,
      overrun,
      failed: (error) => {
        throw error;
      },
    }),
  nextFlowEvent: () => flowEvents.next(),
  nextConntrackEvent: () => conntrackEvents.next(),

  readInterfaces: () => readInterfaces(native),
  readInterface: (name: string) => readInterface(native, name),
  watchInterfaces: () => void watchInterfaces(native, () => changes.put("interfaces")),
  watchRoutes: () => void watchRoutes(native, () => changes.put("routes")),
  nextChange: () => changes.next(),
  route: (destination: string, source: string, inInterface: number, mark = 0) =>
    routes.lookup(addressOf(destination), source === "" ? undefined : addressOf(source), inInterface, mark),
  holdsPort: (port: number, transport: "udp" | "tcp") => {
    sockets.refresh();
    return sockets.holds(port, transport);
  },
  readNetfilterSetting: (name: NetfilterSetting) => readNetfilterSetting(name) ?? null,
  raiseExpectationLimit: (wanted: number) => raiseExpectationLimit(wanted),
  writeNetfilterSetting: (name: NetfilterSetting, value: number) => writeNetfilterSetting(name, value),

  openQueue: (options: QueueOptions, from: string, to: string, mtu: number) => {
    queue = Queue.open(native, options, rewrite(from, to, mtu));
  },
  queueCounts: () => queue?.counts() ?? null,
  closeQueue: () => queue?.close(),

  openUdp: async (host: string, port: number) => {
    const socket = createSocket("udp4");
    const inbox = new Inbox<{ text: string; host: string; port: number }>();
    socket.on("message", (data, from) =>
      inbox.put({ text: data.toString("latin1"), host: from.address, port: from.port }),
    );
    socket.bind(port, host);
    await once(socket, "listening");
    udp.set(port, { socket, inbox });
  },
  sendUdp: (fromPort: number, text: string, host: string, port: number) =>
    new Promise<void>((resolve, reject) => {
      const data = Buffer.from(text, "latin1");
      udp.get(fromPort)?.socket.send(data, port, host, (error) => (error ? reject(error) : resolve()));
    }),
  receiveUdp: (port: number) => udp.get(port)?.inbox.next() ?? Promise.reject(new Error(`no socket ${port}`)),
};

export type Verbs = typeof verbs;

interface Request {
  readonly id: number;
  readonly verb: keyof Verbs;
  readonly args: readonly unknown[];
}

async function answer(line: string): Promise<void> {
  const { id, verb, args } = JSON.parse(line) as Request;
  let reply: unknown;
  try {
    const call = verbs[verb] as (...given: readonly unknown[]) => unknown;
    reply = { id, result: (await call(...args)) ?? null };
  } catch (error) {
    const known = error instanceof KernelError ? { code: error.code, op: error.op } : {};
    reply = { id, error: { ...known, message: error instanceof Error ? error.message : String(error) } };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

createInterface({ input: process.stdin })
  .on("line", (line) => void answer(line))
  .on("close", () => process.exit());
