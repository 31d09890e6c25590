/** Processes that end at some moment of the addon's life; played by test/lab/native-exit.test.ts. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import * as native from "../../src/kernel/native.ts";
import { loadAddon } from "./addon.ts";
import { flood } from "./flood.ts";
import { Loopback } from "./loopback.ts";
import { openQueue, setField } from "./open-queue.ts";
import { play } from "./scenario.ts";

/** NFNLGRP_CONNTRACK_DESTROY of linux/netfilter/nfnetlink.h. */
const CONNTRACK_DESTROY = 3;
/** A dump of all conntracks: nlmsghdr {length, IPCTNL_MSG_CT_GET, flags, ...} and nfgenmsg {AF_UNSPEC}. */
const DUMP_CONNTRACKS = Buffer.from(
  "14000000" + "0101" + "0000" + "00000000" + "00000000" + "00000000",
  "hex",
);

await play({
  loaded: () => void loadAddon(),
  open: () => {
    openQueue(() => {});
    process.exit(0);
  },
  waiting: () => {
    openQueue(() => assert.fail("the process has ended"));
    flood(5999, 3);
    process.exit(0);
  },
  holding: () => {
    openQueue((queue) => {
      setField(queue, 0, native.ROW_VERDICT, native.VERDICT_HOLD);
      setImmediate(() => process.exit(0));
    });
    flood(5999, 1);
  },
  inBatch: () => {
    openQueue(() => process.exit(0));
    flood(5999, 3);
  },
  closed: () => {
    const queue = openQueue(() => {});
    queue.addon.queue_close(queue.handle);
  },
  closing: () => {
    const queue = openQueue(() => {});
    process.on("exit", () => queue.addon.queue_close(queue.handle));
    process.exit(0);
  },
  subscribed: () => {
    const addon = loadAddon();
    const groups = Uint32Array.of(CONNTRACK_DESTROY);
    addon.netlink_subscribe(addon.netlink_open(12, 0), groups, Buffer.alloc(native.EVENT_BYTES), () => {});
    process.exit(0);
  },
  dumping: () => {
    const addon = loadAddon();
    addon.netlink_dump(addon.netlink_open(12, 0), Buffer.from(DUMP_CONNTRACKS));
  },
  throwing: () => {
    openQueue(() => {
      throw new Error("out of onBatch");
    });
    process.stdout.write("open\n");
  },
  throwingAlone,
});

/** Without a listener the error ends the process that threw it; the packet has passed before. */
async function throwingAlone(): Promise<void> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), "throwing"]);
  const ended = once(child, "exit");
  let said = "";
  child.stderr.on("data", (bytes) => {
    said += bytes;
  });
  await once(child.stdout, "data");
  const socket = await Loopback.open();
  await socket.send("one");
  assert.deepEqual(await socket.receive(), ["one"]);
  assert.deepEqual(await ended, [1, null]);
  assert.match(said, /Error: out of onBatch/);
  socket.close();
}
