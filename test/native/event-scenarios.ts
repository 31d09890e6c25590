/** What a subscribed socket must do; played by test/lab/native-events.test.ts in a namespace of its own. */
import assert from "node:assert/strict";
import { encodeDeleteConntrack, encodeNewConntrack } from "../../src/kernel/conntrack-message.ts";
import * as native from "../../src/kernel/native.ts";
import { messages, NETLINK_NETFILTER } from "../../src/kernel/netlink-message.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { loadAddon } from "./addon.ts";
import { longerPass } from "./bpf.ts";
import { CONFIRMED, create, flow, openDump, request, sourcePort, writer } from "./conntracks.ts";
import { play, turnLoop, until } from "./scenario.ts";

/** NFNLGRP_CONNTRACK_NEW and _DESTROY of linux/netfilter/nfnetlink.h. */
const [CONNTRACK_NEW, CONNTRACK_DESTROY] = [1, 3];

const addon = loadAddon();

await play({ events, overrun, eventBound, filtered, subscribedOnly, closeInside, throwing });

interface Subscription {
  readonly socket: native.NetlinkHandle;
  readonly ports: number[];
  overruns: number;
  calls: number;
}

function subscribe(group: number, receiveBuffer = 8 << 20, bufferBytes = 65_536): Subscription {
  const socket = addon.netlink_open(NETLINK_NETFILTER, receiveBuffer);
  const subscription: Subscription = { socket, ports: [], overruns: 0, calls: 0 };
  const buffer = Buffer.alloc(bufferBytes);
  addon.netlink_subscribe(socket, Uint32Array.of(group), buffer, (length) => {
    subscription.calls++;
    if (length < 0) subscription.overruns++;
    for (const { start, end } of messages(buffer, Math.max(length, 0)))
      subscription.ports.push(sourcePort(buffer.subarray(start, end)));
  });
  return subscription;
}

async function events(): Promise<void> {
  const created = subscribe(CONNTRACK_NEW);
  const destroyed = subscribe(CONNTRACK_DESTROY);
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  create(addon, socket, 100);
  await until(() => created.ports.length === 100, "a hundred conntracks are reported");
  assert.deepEqual(
    created.ports,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
  assert.deepEqual(destroyed.ports, []);
  const deletion = writer(1);
  encodeDeleteConntrack(deletion, flow(41));
  request(addon, socket, deletion, 1);
  await until(() => destroyed.ports.length > 0, "the end of a conntrack is reported");
  assert.deepEqual(destroyed.ports, [42]);
  for (const open of [created.socket, destroyed.socket, socket]) addon.netlink_close(open);
}

/** The kernel throws events away, says so once, and the subscriber hears what comes after. */
async function overrun(): Promise<void> {
  const created = subscribe(CONNTRACK_NEW, 8192);
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  create(addon, socket, 500);
  await until(() => created.overruns > 0, "the overrun is reported");
  await turnLoop(5);
  assert.equal(created.overruns, 1);
  assert.ok(created.ports.length < 500);
  const one = writer(1);
  encodeNewConntrack(one, { original: flow(4999), status: CONFIRMED, timeout: 300 });
  request(addon, socket, one, 1);
  await until(() => created.ports.at(-1) === 5000, "an event after the overrun is reported");
  assert.equal(created.overruns, 1);
  addon.netlink_close(created.socket);
  addon.netlink_close(socket);
}

/** Like a queue, a subscription hands on no more than 16 buffers in one turn of the event loop. */
async function eventBound(): Promise<void> {
  const created = subscribe(CONNTRACK_NEW, 32 << 20, native.EVENT_BYTES);
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  create(addon, socket, 200);
  const callsOfTurn: number[] = [];
  while (created.ports.length < 200) {
    const before = created.calls;
    await turnLoop();
    callsOfTurn.push(created.calls - before);
  }
  assert.equal(created.overruns, 0);
  assert.equal(Math.max(...callsOfTurn), 16);
  addon.netlink_close(created.socket);
  addon.netlink_close(socket);
}

/** The filter lets long messages pass; those with IPv6 addresses are. */
async function filtered(): Promise<void> {
  const ports: number[] = [];
  const socket = addon.netlink_open(NETLINK_NETFILTER, 1 << 20);
  const buffer = Buffer.alloc(65_536);
  assert.throws(() => addon.netlink_filter(socket, Buffer.alloc(12)), { code: "ERR_OUT_OF_RANGE" });
  assert.throws(() => addon.netlink_filter(socket, Buffer.alloc(8, 0xff)), { code: "EINVAL" });
  addon.netlink_filter(socket, longerPass(200));
  addon.netlink_subscribe(socket, Uint32Array.of(CONNTRACK_NEW), buffer, (length) => {
    for (const { start, end } of messages(buffer, length))
      ports.push(sourcePort(buffer.subarray(start, end)));
  });
  const requests = addon.netlink_open(NETLINK_NETFILTER, 0);
  create(addon, requests, 3);
  const long = writer(1);
  const source = { host: "2001:db8::2", port: 77 };
  const original: FlowTuple = { protocol: "udp", source, destination: { host: "2001:db8::3", port: 5060 } };
  encodeNewConntrack(long, { original, status: CONFIRMED, timeout: 300 });
  assert.deepEqual([...request(addon, requests, long, 1)], [0]);
  await until(() => ports.length > 0, "an event passes the filter");
  assert.deepEqual(ports, [77]);
  addon.netlink_close(socket);
  addon.netlink_close(requests);
}

/** A socket is for requests or for events, not both: their messages would be taken for each other. */
function subscribedOnly(): void {
  const { socket } = subscribe(CONNTRACK_NEW);
  const refused = { code: "EBUSY", message: /the socket is subscribed/ };
  assert.throws(() => create(addon, socket, 1), refused);
  assert.throws(() => openDump(addon, socket), refused);
  const twice = () => addon.netlink_subscribe(socket, Uint32Array.of(1), Buffer.alloc(8192), () => {});
  assert.throws(twice, refused);
  const unknown = addon.netlink_open(NETLINK_NETFILTER, 0);
  const group = () => addon.netlink_subscribe(unknown, Uint32Array.of(4096), Buffer.alloc(8192), () => {});
  assert.throws(group, { code: "EINVAL", syscall: "NETLINK_ADD_MEMBERSHIP", message: /group 4096/ });
  addon.netlink_close(unknown);
  addon.netlink_close(socket);
}

async function closeInside(): Promise<void> {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 8 << 20);
  const requests = addon.netlink_open(NETLINK_NETFILTER, 0);
  let calls = 0;
  addon.netlink_subscribe(socket, Uint32Array.of(CONNTRACK_NEW), Buffer.alloc(native.EVENT_BYTES), () => {
    calls++;
    addon.netlink_close(socket);
    assert.throws(() => addon.netlink_port(socket), { code: "ERR_CLOSED" });
  });
  create(addon, requests, 200);
  await until(() => calls > 0, "events are reported");
  await turnLoop(5);
  assert.equal(calls, 1);
  addon.netlink_close(requests);
}

async function throwing(): Promise<void> {
  const errors: unknown[] = [];
  process.on("uncaughtException", (error) => errors.push(error));
  const thrown = new Error("out of onMessages");
  const socket = addon.netlink_open(NETLINK_NETFILTER, 8 << 20);
  const requests = addon.netlink_open(NETLINK_NETFILTER, 0);
  addon.netlink_subscribe(socket, Uint32Array.of(CONNTRACK_NEW), Buffer.alloc(65_536), () => {
    throw thrown;
  });
  create(addon, requests, 1);
  await until(() => errors.length === 1, "the error is reported");
  const second = writer(1);
  encodeNewConntrack(second, { original: flow(1), status: CONFIRMED, timeout: 300 });
  request(addon, requests, second, 1);
  await until(() => errors.length === 2, "the next error is reported");
  assert.deepEqual(errors, [thrown, thrown]);
  addon.netlink_close(socket);
  addon.netlink_close(requests);
}
