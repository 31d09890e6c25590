import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KernelAgent } from "./kernel-agent-client.ts";
import { GATEWAY_INSIDE, GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const [provider] = PROVIDER_HOSTS;
const phone = phoneAddress(0);

let lab: Lab;
let gateway: KernelAgent;
const ip = (...args: string[]) => lab.exec("gw", "ip", ...args);

beforeAll(() => {
  lab = new Lab({ phones: 1 });
});
afterAll(() => lab.dispose());
beforeEach(() => {
  gateway = new KernelAgent(lab, "gw");
});
afterEach(() => gateway.close());

describe("an interface", () => {
  test("has an index, an MTU and its addresses", async () => {
    const wan = await gateway.call("readInterface", "wan0");
    expect(wan).toMatchObject({ name: "wan0", mtu: 1500, up: true, ipv4: [GATEWAY_OUTSIDE] });
    expect(await ip("-o", "link", "show", "wan0")).toMatch(new RegExp(`^${wan.index}: wan0`));
    const names = (await gateway.call("readInterfaces")).map(({ name }) => name);
    expect(names.sort()).toEqual(["lan0", "lo", "wan0"]);
  });

  test("has its primary address first, and IPv6 ones apart", async () => {
    await ip("link", "add", "dmz0", "mtu", "1400", "type", "veth", "peer", "name", "dmz1");
    for (const address of ["198.51.100.9/24", "198.51.100.10/24", "198.51.101.1/24", "2001:db8::9/64"]) {
      await ip("address", "add", address, "dev", "dmz0");
    }
    const dmz = await gateway.call("readInterface", "dmz0");
    expect(dmz).toMatchObject({ mtu: 1400, up: false, ipv6: ["2001:db8::9"] });
    expect(dmz.ipv4).toEqual(["198.51.100.9", "198.51.101.1", "198.51.100.10"]);
    await ip("link", "del", "dmz0");
  });

  test("of a point-to-point link has our own end of it", async () => {
    await ip("link", "add", "ppp9", "type", "veth", "peer", "name", "ppp8");
    await ip("address", "add", "198.51.100.1", "peer", "198.51.100.2", "dev", "ppp9");
    expect((await gateway.call("readInterface", "ppp9")).ipv4).toEqual(["198.51.100.1"]);
    await ip("link", "del", "ppp9");
  });

  test("that is not there is refused by name", async () => {
    await expect(gateway.call("readInterface", "wan9")).rejects.toMatchObject({
      code: "ENODEV",
      message: "read interface wan9: ENODEV: there is no such interface; see `ip link`",
    });
  });

  test("tells when an address comes and goes", async () => {
    await gateway.call("watchInterfaces");
    const change = gateway.call("nextChange");
    await ip("address", "add", "198.51.100.7/32", "dev", "wan0");
    expect(await change).toBe("interfaces");
    expect((await gateway.call("readInterface", "wan0")).ipv4).toContain("198.51.100.7");
    await ip("address", "del", "198.51.100.7/32", "dev", "wan0");
  });
});

describe("a route", () => {
  let lan: number;
  let wan: number;
  beforeAll(async () => {
    const agent = new KernelAgent(lab, "gw");
    lan = (await agent.call("readInterface", "lan0")).index;
    wan = (await agent.call("readInterface", "wan0")).index;
    await agent.close();
  });

  test("to a provider leaves by the outside interface", async () => {
    expect(await gateway.call("route", provider, phone, lan)).toEqual({ kind: "unicast", outInterface: wan });
  });

  test("to one of our own addresses, or to all, is local", async () => {
    for (const own of [GATEWAY_OUTSIDE, GATEWAY_INSIDE, "192.168.50.255"]) {
      expect(await gateway.call("route", own, phone, lan)).toEqual({ kind: "local" });
    }
  });

  test("of a packet of our own has a source address", async () => {
    expect(await gateway.call("route", provider, "", 0)).toMatchObject({
      kind: "unicast",
      outInterface: wan,
      preferredSource: GATEWAY_OUTSIDE,
    });
  });

  test("that there is none of is unreachable", async () => {
    expect(await gateway.call("route", "192.0.2.1", phone, lan)).toEqual({
      kind: "unreachable",
      code: "ENETUNREACH",
    });
  });

  test("of a source that cannot come from there is unreachable", async () => {
    expect(await gateway.call("route", provider, "203.0.113.9", lan)).toMatchObject({ kind: "unreachable" });
  });

  test("goes by a gateway, by policy rules and by marks", async () => {
    await ip("route", "add", "192.0.2.0/24", "via", provider, "table", "99");
    await ip("route", "add", "prohibit", "192.0.2.128/25", "table", "99");
    expect(await gateway.call("route", "192.0.2.1", phone, lan, 7)).toMatchObject({ kind: "unreachable" });
    await ip("rule", "add", "fwmark", "7", "lookup", "99");
    expect(await gateway.call("route", "192.0.2.1", phone, lan, 7)).toEqual({
      kind: "unicast",
      outInterface: wan,
      gateway: provider,
    });
    expect(await gateway.call("route", "192.0.2.1", phone, lan, 8)).toMatchObject({ kind: "unreachable" });
    expect(await gateway.call("route", "192.0.2.129", phone, lan, 7)).toEqual({
      kind: "unreachable",
      code: "EACCES",
    });
    await ip("rule", "del", "fwmark", "7");
  });

  test("tells when it changes", async () => {
    await gateway.call("watchRoutes");
    const change = gateway.call("nextChange");
    await ip("route", "add", "198.51.100.0/24", "via", provider);
    expect(await change).toBe("routes");
    const again = gateway.call("nextChange");
    await ip("rule", "add", "fwmark", "9", "lookup", "99");
    expect(await again).toBe("routes");
    await ip("rule", "del", "fwmark", "9");
    await ip("route", "del", "198.51.100.0/24");
  });
});

test("a port is held while a socket has it", async () => {
  expect(await gateway.call("holdsPort", 40_000, "udp")).toBe(false);
  await gateway.call("openUdp", GATEWAY_OUTSIDE, 40_000);
  expect(await gateway.call("holdsPort", 40_000, "udp")).toBe(true);
  expect(await gateway.call("holdsPort", 40_000, "tcp")).toBe(false);
});

describe("a setting of net.netfilter", () => {
  test("is read, and written in its own namespace", async () => {
    await gateway.call("writeNetfilterSetting", "nf_conntrack_udp_timeout", 77);
    expect(await gateway.call("readNetfilterSetting", "nf_conntrack_udp_timeout")).toBe(77);
    expect(await lab.exec("gw", "cat", "/proc/sys/net/netfilter/nf_conntrack_udp_timeout")).toBe("77\n");
  });

  test("that this kernel does not have reads as undefined", async () => {
    // Automatic helpers went with Linux 6.0.
    expect(await gateway.call("readNetfilterSetting", "nf_conntrack_helper")).toBeNull();
  });

  test("that may not be written is refused by name, and stays", async () => {
    const expectMax = () => readFileSync("/proc/sys/net/netfilter/nf_conntrack_expect_max", "latin1");
    const before = expectMax();
    // The table's size is one for all namespaces and writable in the initial one only.
    await expect(gateway.call("writeNetfilterSetting", "nf_conntrack_expect_max", 1)).rejects.toMatchObject({
      code: "EACCES",
      message: expect.stringContaining(
        "set net.netfilter.nf_conntrack_expect_max to 1: EACCES: permission denied",
      ),
    });
    expect(expectMax()).toBe(before);
  });

  test("takes no value beyond its range", async () => {
    await expect(gateway.call("writeNetfilterSetting", "nf_conntrack_tcp_loose", 2)).rejects.toMatchObject({
      code: "EINVAL",
    });
  });
});
