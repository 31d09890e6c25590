import { describe, expect, test } from "vitest";
import { errnoName } from "../../src/kernel/errno.ts";
import { addLocalPorts } from "../../src/kernel/local-sockets.ts";
import { parseQueueStatistics } from "../../src/kernel/queue-statistics.ts";

describe("a queue's line in /proc/net/netfilter/nfnetlink_queue", () => {
  const text = [
    "    5  31234     3 2 65531     7     9     4242  1",
    "65535 4294966123     0 2 65531     0     0        0  1",
    "",
  ].join("\n");

  test("is found by its number and read", () => {
    expect(parseQueueStatistics(text, 5)).toEqual({
      portId: 31_234,
      waiting: 3,
      queueDropped: 7,
      userDropped: 9,
    });
    expect(parseQueueStatistics(text, 65_535)?.portId).toBe(4_294_966_123);
  });

  test("is absent when nobody is bound", () => {
    expect(parseQueueStatistics(text, 6)).toBeUndefined();
    expect(parseQueueStatistics("", 0)).toBeUndefined();
  });
});

describe("the ports of local sockets", () => {
  test("are read from IPv4 and IPv6 tables", () => {
    const ports = new Set<number>();
    addLocalPorts(
      `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  123: 00000000:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1234 2 0000 0
 4567: 0100007F:0035 0200007F:FFFF 01 00000000:00000000 00:00000000 00000000     0        0 1235 2 0000 0
`,
      ports,
    );
    addLocalPorts(
      `  sl  local_address                         remote_address                        st tx_queue
   12: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000
`,
      ports,
    );
    expect([...ports]).toEqual([5060, 53, 8080]);
  });

  test("are none in an empty table", () => {
    const ports = new Set<number>();
    addLocalPorts("  sl  local_address rem_address   st\n", ports);
    addLocalPorts("", ports);
    expect(ports.size).toBe(0);
  });
});

describe("errno names", () => {
  test.each([
    [1, "EPERM"],
    [2, "ENOENT"],
    [11, "EAGAIN"],
    [16, "EBUSY"],
    [17, "EEXIST"],
    [24, "EMFILE"],
    [95, "EOPNOTSUPP"],
    [524, "ENOTSUPP"],
    [4000, "errno 4000"],
  ])("%d is %s", (number, name) => {
    expect(errnoName(number)).toBe(name);
  });
});
