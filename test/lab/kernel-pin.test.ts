import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY } from "../../src/kernel/ctnetlink.ts";
import type { Pin } from "../../src/kernel/pin.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { IPS_DST_NAT, IPS_SEQ_ADJUST, IPS_SRC_NAT } from "../kernel/conntrack-status.ts";
import { KernelAgents } from "./kernel-agents.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const [provider, otherProvider] = PROVIDER_HOSTS;
const phone = { host: phoneAddress(0), port: 5060 };
const external = { host: GATEWAY_OUTSIDE, port: 7777 };
const remote = { host: provider, port: 5060 };
const flow: FlowTuple = { protocol: "udp", source: phone, destination: remote };
const reply: FlowTuple = { protocol: "udp", source: remote, destination: external };
const outbound: Pin = { direction: "outbound", flow, nat: external, timeout: 60 };
const inbound: Pin = {
  direction: "inbound",
  flow: { protocol: "udp", source: { host: otherProvider, port: 9999 }, destination: external },
  nat: phone,
  timeout: 60,
};

let lab: Lab;
let agents: KernelAgents;

beforeAll(() => {
  lab = new Lab({ phones: 2 });
});
afterAll(() => lab.dispose());
beforeEach(async () => {
  agents = await KernelAgents.start(lab);
});
afterEach(() => agents.close());

describe("an outbound pin", () => {
  test("is a confirmed entry with our port that has seen no reply", async () => {
    expect(await agents.gateway.call("pin", outbound)).toEqual({ kind: "created" });
    const entry = await agents.gateway.call("lookup", flow);
    expect(entry).toMatchObject({ original: flow, reply });
    expect((entry?.status ?? 0) & (IPS_CONFIRMED | IPS_SRC_NAT | IPS_SEEN_REPLY | IPS_ASSURED)).toBe(
      IPS_CONFIRMED | IPS_SRC_NAT,
    );
    expect(await lab.exec("gw", "conntrack", "-L")).toMatch(/\[UNREPLIED\] src=203.0.113.2 .* dport=7777/);
  });

  test("gives the flow's first packet our port, and lets the answer back in", async () => {
    await agents.gateway.call("pin", outbound);
    await agents.inside.call("openUdp", phone.host, phone.port);
    await agents.outside.call("openUdp", remote.host, remote.port);
    await agents.inside.call("sendUdp", phone.port, "REGISTER", remote.host, remote.port);
    expect(await agents.outside.call("receiveUdp", remote.port)).toEqual({ text: "REGISTER", ...external });
    await agents.outside.call("sendUdp", remote.port, "200", external.host, external.port);
    expect(await agents.inside.call("receiveUdp", phone.port)).toEqual({ text: "200", ...remote });
  });

  test("leaves the first packet to the admin's FORWARD rules: it is NEW", async () => {
    const rule = "-m conntrack --ctstate NEW -j ACCEPT".split(" ");
    await lab.exec("gw", "iptables", "-w", "-I", "FORWARD", ...rule);
    await agents.gateway.call("pin", outbound);
    await agents.inside.call("openUdp", phone.host, phone.port);
    await agents.outside.call("openUdp", remote.host, remote.port);
    await agents.inside.call("sendUdp", phone.port, "INVITE", remote.host, remote.port);
    await agents.outside.call("receiveUdp", remote.port);
    const [matched] = /\d+/.exec(await lab.exec("gw", "iptables", "-w", "-vnxL", "FORWARD", "1")) ?? [];
    await lab.exec("gw", "iptables", "-w", "-D", "FORWARD", "1");
    expect(matched).toBe("1");
  });

  test("is found by the tuple of either direction", async () => {
    await agents.gateway.call("pin", outbound);
    expect((await agents.gateway.call("lookup", reply))?.original).toEqual(flow);
    expect(await agents.gateway.call("lookup", { ...reply, source: { ...remote, port: 1 } })).toBeNull();
  });

  test("is not made twice: the entry that is there is given", async () => {
    await agents.gateway.call("pin", outbound);
    const again = await agents.gateway.call("pin", { ...outbound, nat: { ...external, port: 8888 } });
    expect(again).toMatchObject({ kind: "exists", entry: { original: flow, reply } });
  });

  test("clashes with another flow that has our port toward the same remote", async () => {
    await agents.gateway.call("pin", outbound);
    const other = { ...flow, source: { host: phoneAddress(1), port: 5060 } };
    expect(await agents.gateway.call("pin", { ...outbound, flow: other })).toEqual({ kind: "clash" });
    expect(await agents.gateway.call("lookup", other)).toBeNull();
  });

  test("may have our port toward another remote at the same time", async () => {
    await agents.gateway.call("pin", outbound);
    const other = { ...flow, destination: { host: otherProvider, port: 5060 } };
    expect(await agents.gateway.call("pin", { ...outbound, flow: other })).toEqual({ kind: "created" });
    expect((await agents.gateway.call("lookup", other))?.reply.destination).toEqual(external);
  });
});

describe("an inbound pin", () => {
  test("is an established entry that leads to the phone", async () => {
    expect(await agents.gateway.call("pin", inbound)).toEqual({ kind: "created" });
    const entry = await agents.gateway.call("lookup", inbound.flow);
    expect(entry?.reply.source).toEqual(phone);
    const bits = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED | IPS_DST_NAT;
    expect((entry?.status ?? 0) & bits).toBe(bits);
  });

  test("lets a stranger's first packet through, and gives the answer our port", async () => {
    await agents.gateway.call("pin", inbound);
    await agents.inside.call("openUdp", phone.host, phone.port);
    await agents.outside.call("openUdp", otherProvider, 9999);
    await agents.outside.call("sendUdp", 9999, "INVITE", external.host, external.port);
    expect(await agents.inside.call("receiveUdp", phone.port)).toEqual({
      text: "INVITE",
      host: otherProvider,
      port: 9999,
    });
    await agents.inside.call("sendUdp", phone.port, "180", otherProvider, 9999);
    expect(await agents.outside.call("receiveUdp", 9999)).toEqual({ text: "180", ...external });
  });
});

describe("an entry", () => {
  test("is removed once, then absent", async () => {
    await agents.gateway.call("pin", outbound);
    expect(await agents.gateway.call("remove", reply)).toEqual({ kind: "removed" });
    expect(await agents.gateway.call("remove", flow)).toEqual({ kind: "absent" });
  });

  test("has the timeout it was given", async () => {
    await agents.gateway.call("pin", { ...outbound, timeout: 1000 });
    expect((await agents.gateway.call("lookup", flow))?.timeout).toBeGreaterThan(900);
  });

  test("of TCP has its state and takes sequence adjustments of both directions", async () => {
    const tcp = { ...flow, protocol: "tcp" as const };
    await agents.gateway.call("pin", { ...outbound, flow: tcp, tcp: { state: 3, liberal: true } });
    expect(await agents.gateway.call("adjustSequence", tcp, "original", 1000, 0, 12)).toBeNull();
    expect(await agents.gateway.call("adjustSequence", tcp, "reply", 0xfffffff0, -2, -7)).toBeNull();
    const entry = await agents.gateway.call("lookup", tcp);
    expect(entry?.tcp).toEqual({ state: 3, liberal: true });
    expect((entry?.status ?? 0) & IPS_SEQ_ADJUST).toBe(IPS_SEQ_ADJUST);
    expect(entry?.sequenceAdjustment).toEqual({
      original: { position: 1000, before: 0, after: 12 },
      reply: { position: 0xfffffff0, before: -2, after: -7 },
    });
  });

  test("of TCP has no state unless it is given one", async () => {
    const tcp = { ...flow, protocol: "tcp" as const };
    expect(await agents.gateway.call("pin", { ...outbound, flow: tcp })).toEqual({ kind: "created" });
    expect((await agents.gateway.call("lookup", tcp))?.tcp).toEqual({ state: 0, liberal: false });
  });

  test("of IPv6 is made and found", async () => {
    const six: FlowTuple = {
      protocol: "udp",
      source: { host: "2001:db8::2", port: 5060 },
      destination: { host: "2001:db8:1::1", port: 5060 },
    };
    const nat = { host: "2001:db8:2::1", port: 6060 };
    expect(await agents.gateway.call("pin", { ...outbound, flow: six, nat })).toEqual({ kind: "created" });
    expect((await agents.gateway.call("lookup", six))?.reply.destination).toEqual(nat);
  });
});

describe("a dump", () => {
  test("holds every UDP and TCP entry of both families", async () => {
    await agents.gateway.call("pin", outbound);
    await agents.gateway.call("pin", inbound);
    await agents.gateway.call("pin", {
      ...outbound,
      flow: { ...flow, protocol: "tcp" },
      tcp: { state: 0, liberal: false },
    });
    const entries = await agents.gateway.call("dumpConntrack");
    expect(entries.map(({ original }) => original)).toEqual(
      expect.arrayContaining([flow, inbound.flow, { ...flow, protocol: "tcp" }]),
    );
    expect(entries).toHaveLength(3);
  });

  test("is filtered by protocol and destination port", async () => {
    await agents.gateway.call("pin", outbound);
    await agents.gateway.call("pin", inbound);
    const toPort = await agents.gateway.call("dumpConntrack", {
      destination: { protocol: "udp", port: 7777 },
    });
    expect(toPort.map(({ original }) => original)).toEqual([inbound.flow]);
  });
});

test("an address that is none is refused by name", async () => {
  const named = { ...flow, destination: { host: "provider.example", port: 5060 } };
  await expect(agents.gateway.call("lookup", named)).rejects.toMatchObject({
    code: "EINVAL",
    message: 'write netlink: EINVAL: "provider.example" is not an IP address in canonical form',
  });
});
