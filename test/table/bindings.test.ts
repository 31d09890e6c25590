import { beforeEach, describe, expect, it } from "vitest";
import type { Binding } from "../../src/table/binding.ts";
import { Bindings } from "../../src/table/bindings.ts";
import { InsideHosts } from "../../src/table/inside-hosts.ts";
import { PortPool } from "../../src/table/ports.ts";
import { TimerWheel } from "../../src/table/timer-wheel.ts";

const IDLE = 600_000;
const GRACE = 32_000;
/** A timer fires at most this late. */
const GRANULE = 250;
const HOST = "192.168.50.10";

describe("Bindings", () => {
  let wheel: TimerWheel;
  let hosts: InsideHosts;
  let bindings: Bindings;
  let binding: Binding;
  let changes: number;

  function made(key: number, host = HOST): Binding {
    const result = bindings.create(key, { host, port: 5060 + key }, 0);
    if (typeof result === "string") throw new Error(result);
    return result;
  }

  function isAlive(now: number, one = binding): boolean {
    wheel.advance(now);
    return bindings.byInside(one.key) === one;
  }

  beforeEach(() => {
    wheel = new TimerWheel(0);
    hosts = new InsideHosts((host) => !host.startsWith("2001:db8::"));
    const pool = new PortPool(1, { first: 5060, last: 5999 }, () => false);
    bindings = new Bindings("udp", pool, hosts, wheel, 800, IDLE, {
      changed: () => changes++,
      closed: () => undefined,
    });
    changes = 0;
    binding = made(1);
  });

  it("tell of a refresh only what outlasts what was told before by more than a little", () => {
    bindings.register(binding, "registrar alice", 60_000);
    expect(changes).toBe(2);
    bindings.register(binding, "registrar alice", 69_999);
    expect(binding.registeredUntil).toBe(69_999);
    expect(changes).toBe(2);
    bindings.register(binding, "registrar alice", 70_000);
    expect(changes).toBe(3);
    bindings.register(binding, "registrar alice", 1000);
    expect(changes).toBe(4);
  });

  it("end an endpoint's binding when it has been silent for the idle time", () => {
    binding.spokeAt = 1000;
    expect(isAlive(IDLE + 999)).toBe(true);
    expect(isAlive(IDLE + 1000 + GRANULE)).toBe(false);
    expect([bindings.size, hosts.size]).toEqual([0, 0]);
  });

  it("keep a silent endpoint for as long as it is registered, and a grace", () => {
    bindings.register(binding, "r", 3_600_000);
    expect(isAlive(3_600_000 + GRACE - 1)).toBe(true);
    expect(isAlive(3_600_000 + GRACE + GRANULE)).toBe(false);
  });

  it("end a silent endpoint's binding soon after its registration, however long that was granted for", () => {
    bindings.register(binding, "r", 3_600_000);
    expect(isAlive(IDLE + 5000)).toBe(true);
    bindings.register(binding, "r", IDLE + 5000);
    expect(isAlive(IDLE + 5000 + GRACE - 1)).toBe(true);
    expect(isAlive(IDLE + 5000 + GRACE + GRANULE)).toBe(false);
  });

  it("keep an endpoint whose registration has ended while it speaks", () => {
    bindings.register(binding, "r", 1000);
    binding.spokeAt = 100_000;
    expect(isAlive(IDLE + 99_999)).toBe(true);
    expect(isAlive(IDLE + 100_000 + GRANULE)).toBe(false);
  });

  it("keep an endpoint whose registration has ended while it has a call", () => {
    bindings.register(binding, "r", 1000);
    binding.calls = 1;
    expect(isAlive(3 * IDLE)).toBe(true);
    binding.calls = 0;
    expect(isAlive(4 * IDLE + 2 * GRANULE)).toBe(false);
  });

  it("keep an endpoint until the last of its registrations ends", () => {
    bindings.register(binding, "one", 2_000_000);
    bindings.register(binding, "other", 3_000_000);
    bindings.register(binding, "one", 5);
    expect(binding.registeredUntil).toBe(3_000_000);
    expect(isAlive(3_000_000)).toBe(true);
  });

  it("follow so many registrations of one endpoint, the latest", () => {
    for (let line = 1; line <= 1000; line++) bindings.register(binding, `line ${line}`, line * 1000);
    expect(binding.registrations.size).toBe(256);
    expect(binding.registeredUntil).toBe(1_000_000);
  });

  it("give one inside host no more than its share", () => {
    for (let key = 2; key <= 512; key++) made(key);
    expect(bindings.create(513, { host: HOST, port: 7000 }, 0)).toBe("host-bindings-full");
    expect(made(514, "192.168.50.11").host).toBe(hosts.of("192.168.50.11"));
    bindings.close(binding);
    expect(made(513).host).toBe(hosts.of(HOST));
  });

  it("leave every IPv6 endpoint its own port, and none of those to IPv4", () => {
    const phones = ["2001:db8::a", "2001:db8::b"].map((host) =>
      bindings.create(`${host} 5062`, { host, port: 5062 }, 0),
    );
    expect(phones).toMatchObject([{ port: 5062 }, { port: 5062 }]);
    expect(bindings.byPort(5062, "ipv4")).toBeUndefined();
    const ipv4 = made(2);
    expect(ipv4.port).toBe(5062);
    for (const phone of phones) if (typeof phone !== "string") bindings.close(phone);
    expect(bindings.byPort(5062, "ipv4")).toBe(ipv4);
    expect(bindings.size).toBe(2);
  });

  it("give IPv6 that is translated a port of its own, which is none of IPv4", () => {
    const ipv4 = made(2);
    const ipv6 = bindings.create("fd00::a 5062", { host: "fd00::a", port: 5062 }, 0);
    if (typeof ipv6 === "string") throw new Error(ipv6);
    expect(ipv6.port).not.toBe(ipv4.port);
    expect(bindings.byPort(ipv6.port, "ipv6")).toBe(ipv6);
    expect(bindings.byPort(ipv6.port, "ipv4")).toBeUndefined();
    expect(bindings.byPort(ipv4.port, "ipv6")).toBeUndefined();
    const { key, inside, port } = ipv6;
    bindings.close(ipv6);
    expect(bindings.restore(key, inside, port, [], 0)?.port).toBe(port);
    expect(bindings.restore("2001:db8::a 5062", { host: "2001:db8::a", port: 5062 }, 6000, [], 0)?.port).toBe(
      5062,
    );
  });
});
