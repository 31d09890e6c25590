/** What a netlink socket must do with requests and dumps; played by test/lab/native-netlink.test.ts in a namespace of its own. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants } from "node:os";
import {
  encodeDeleteConntrack,
  encodeGetConntrack,
  encodeNewConntrack,
} from "../../src/kernel/conntrack-message.ts";
import * as native from "../../src/kernel/native.ts";
import { messages, NETLINK_NETFILTER, NETLINK_ROUTE } from "../../src/kernel/netlink-message.ts";
import { RTM_GETADDR } from "../../src/kernel/rtnetlink.ts";
import { loadAddon } from "./addon.ts";
import { NOTHING_PASSES } from "./bpf.ts";
import { CONFIRMED, create, flow, openDump, request, sourcePort, writer } from "./conntracks.ts";
import { play } from "./scenario.ts";

const { EEXIST, ENOBUFS, ENOENT, ETIMEDOUT } = constants.errno;
const NOTHING = new Uint8Array(0);

const addon = loadAddon();

await play({
  manyRequests,
  mixedAnswers,
  smallReplies,
  lostAcks,
  notMessages,
  dumps,
  refusedDump,
  interruptedDump,
});

/** 5,000 requests and their ACKs, with the smallest receive buffer the kernel gives as with a large one. */
function manyRequests(): void {
  for (const receiveBuffer of [1, 4 << 20]) {
    const socket = addon.netlink_open(NETLINK_NETFILTER, receiveBuffer);
    assert.deepEqual(new Set(create(addon, socket, 5000)), new Set([0]));
    assert.deepEqual(new Set(create(addon, socket, 5000)), new Set([EEXIST]));
    const deletions = writer(5000);
    for (let index = 0; index < 5000; index++) encodeDeleteConntrack(deletions, flow(index));
    assert.deepEqual(new Set(request(addon, socket, deletions, 5000)), new Set([0]));
    addon.netlink_close(socket);
  }
}

/** Each errno stands where its request does; answers to GETs come in the order of the requests. */
function mixedAnswers(): void {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  create(addon, socket, 2);
  const requests = writer(5);
  encodeGetConntrack(requests, flow(1));
  encodeGetConntrack(requests, flow(7));
  encodeNewConntrack(requests, { original: flow(0), status: CONFIRMED, timeout: 300 });
  encodeGetConntrack(requests, flow(0));
  encodeDeleteConntrack(requests, flow(0));
  const errnos = new Int32Array(5).fill(-1);
  const replies = Buffer.alloc(4096);
  const used = addon.netlink_request(socket, requests.bytes, requests.length, errnos, replies);
  assert.deepEqual([...errnos], [0, ENOENT, EEXIST, 0, 0]);
  const ports = [...messages(replies, used)].map(({ start, end }) =>
    sourcePort(replies.subarray(start, end)),
  );
  assert.deepEqual(ports, [2, 1]);
  addon.netlink_close(socket);
}

function smallReplies(): void {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  create(addon, socket, 2);
  const requests = writer(2);
  encodeGetConntrack(requests, flow(0));
  encodeGetConntrack(requests, flow(1));
  const errnos = new Int32Array(2).fill(-1);
  const replies = Buffer.alloc(300);
  const used = addon.netlink_request(socket, requests.bytes, requests.length, errnos, replies);
  assert.deepEqual([...errnos], [0, ENOBUFS]);
  assert.equal([...messages(replies, used)].length, 1);
  // The answer that did not fit is not taken for one of the next request's.
  assert.deepEqual([...create(addon, socket, 1)], [EEXIST]);
  addon.netlink_close(socket);
}

/** A filter that passes nothing takes the ACKs away. */
function lostAcks(): void {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  addon.netlink_filter(socket, NOTHING_PASSES);
  assert.deepEqual([...create(addon, socket, 2)], [ETIMEDOUT, ETIMEDOUT]);
  openDump(addon, socket);
  const buffer = Buffer.alloc(native.DUMP_BYTES);
  assert.throws(() => addon.netlink_dump_next(socket, buffer), { code: "ETIMEDOUT", syscall: "recvmsg" });
  addon.netlink_close(socket);
}

function notMessages(): void {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  const refuse = (bytes: Buffer, length: number, message: RegExp) => {
    const errnos = new Int32Array(4).fill(-1);
    const call = () => addon.netlink_request(socket, bytes, length, errnos, NOTHING);
    assert.throws(call, { code: "ERR_INVALID_MESSAGE", message });
    assert.deepEqual([...errnos], [-1, -1, -1, -1]);
  };
  const requests = writer(2);
  encodeGetConntrack(requests, flow(0));
  const first = requests.length;
  encodeGetConntrack(requests, flow(1));
  const bytes = Buffer.from(requests.bytes.subarray(0, requests.length));
  refuse(bytes, requests.length - 1, /message 1 at byte \d+ gives its length as \d+, and \d+ bytes are left/);
  refuse(bytes, first + 8, /message 1 at byte \d+/);
  bytes.writeUInt32LE(15, first);
  refuse(bytes, bytes.length, /gives its length as 15/);
  bytes.writeUInt32LE(0xffff_ffff, 0);
  refuse(bytes, bytes.length, /message 0 at byte 0 gives its length as 4294967295/);
  refuse(Buffer.alloc(100), 100, /gives its length as 0/);
  const errnos = new Int32Array(1);
  const two = writer(2);
  encodeGetConntrack(two, flow(0));
  encodeGetConntrack(two, flow(1));
  assert.throws(() => addon.netlink_request(socket, two.bytes, two.length, errnos, NOTHING), {
    code: "ERR_OUT_OF_RANGE",
    message: "errnos has 1 elements for 2 requests",
  });
  assert.equal(addon.netlink_request(socket, NOTHING, 0, errnos, NOTHING), 0);
  addon.netlink_close(socket);
}

function dumps(): void {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  const buffer = Buffer.alloc(native.DUMP_BYTES);
  openDump(addon, socket);
  assert.equal(addon.netlink_dump_next(socket, buffer), 0);
  assert.equal(addon.netlink_dump_next(socket, buffer), 0);
  create(addon, socket, 3000);
  for (let time = 0; time < 2; time++) {
    const ports = new Set<number>();
    openDump(addon, socket);
    for (let length = 1; length > 0; ) {
      assert.throws(() => create(addon, socket, 1), { code: "EBUSY", message: /dump is being read/ });
      assert.throws(() => openDump(addon, socket), { code: "EBUSY" });
      length = addon.netlink_dump_next(socket, buffer);
      for (const { start, end } of messages(buffer, length))
        ports.add(sourcePort(buffer.subarray(start, end)));
    }
    assert.equal(ports.size, 3000);
  }
  assert.deepEqual([...create(addon, socket, 1)], [EEXIST]);
  const refused = { code: "ERR_OUT_OF_RANGE", message: /buffer must have at least 32768 elements/ };
  assert.throws(() => addon.netlink_dump_next(socket, Buffer.alloc(native.DUMP_BYTES - 1)), refused);
  addon.netlink_close(socket);
}

/** Message type 0xff of ctnetlink does not exist. */
function refusedDump(): void {
  const socket = addon.netlink_open(NETLINK_NETFILTER, 0);
  const bytes = Buffer.alloc(20);
  bytes.writeUInt32LE(20, 0);
  bytes.writeUInt16LE(0x01ff, 4);
  addon.netlink_dump(socket, bytes);
  const buffer = Buffer.alloc(native.DUMP_BYTES);
  assert.throws(() => addon.netlink_dump_next(socket, buffer), {
    code: "EINVAL",
    message: /the dump failed/,
  });
  assert.equal(addon.netlink_dump_next(socket, buffer), 0);
  assert.deepEqual([...create(addon, socket, 1)], [0]);
  bytes.writeUInt32LE(19, 0);
  assert.throws(() => addon.netlink_dump(socket, bytes), { code: "ERR_INVALID_MESSAGE" });
  addon.netlink_close(socket);
}

function interruptedDump(): void {
  const addresses = Array.from({ length: 2000 }, (_, i) => `addr add 127.1.${i >> 8}.${i & 255}/32 dev lo`);
  execFileSync("ip", ["-batch", "-"], { input: addresses.join("\n") });
  const socket = addon.netlink_open(NETLINK_ROUTE, 0);
  const buffer = Buffer.alloc(native.DUMP_BYTES);
  // nlmsghdr and struct ifaddrmsg with family AF_INET.
  const bytes = Buffer.alloc(24);
  bytes.writeUInt32LE(24, 0);
  bytes.writeUInt16LE(RTM_GETADDR, 4);
  bytes[16] = 2;
  const dump = (between: () => void) => {
    addon.netlink_dump(socket, Buffer.from(bytes));
    let length = addon.netlink_dump_next(socket, buffer);
    between();
    while (length > 0) length = addon.netlink_dump_next(socket, buffer);
    return length;
  };
  assert.equal(
    dump(() => {}),
    0,
  );
  assert.equal(
    dump(() => void execFileSync("ip", ["addr", "add", "127.2.0.1/32", "dev", "lo"])),
    -1,
  );
  assert.equal(
    dump(() => {}),
    0,
  );
  addon.netlink_close(socket);
}
