import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ArmRequest, Master } from "../../src/kernel/arm.ts";
import { IPS_EXPECTED } from "../../src/kernel/ctnetlink.ts";
import {
  EXPECTATION_CLASS,
  type Expectation,
  type ExpectationClass,
  encodeNewExpectation,
} from "../../src/kernel/expectation-message.ts";
import type { FlowTuple } from "../../src/kernel/tuple.ts";
import { encoded } from "../kernel/hex.ts";
import { KernelAgents } from "./kernel-agents.ts";
import { GATEWAY_OUTSIDE, Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const [provider, media] = PROVIDER_HOSTS;
const phone = { host: phoneAddress(0), port: 4000 };
const remote = { host: media, port: 5555 };
const external = { host: GATEWAY_OUTSIDE, port: 20_000 };
const anywhere = { host: undefined, port: undefined };

/** The stream's two expectations, as DESIGN §4.3 pairs them. */
const inbound: Expectation = {
  direction: "inbound",
  class: EXPECTATION_CLASS.audio,
  protocol: "udp",
  from: anywhere,
  to: external,
  saved: phone,
  timeout: 777,
};
const outbound: Expectation = {
  ...inbound,
  direction: "outbound",
  from: { host: phone.host, port: undefined },
  to: remote,
  saved: remote,
};

function masterOf(id: number, mark?: number): Master {
  const flow: FlowTuple = {
    protocol: "udp",
    source: { host: phone.host, port: id },
    destination: { host: provider, port: 0 },
  };
  return { flow, natSource: { host: GATEWAY_OUTSIDE, port: id }, timeout: 600, mark };
}

function toPort(port: number, klass: ExpectationClass = EXPECTATION_CLASS.audio): Expectation {
  return { ...inbound, class: klass, to: { ...external, port } };
}

let lab: Lab;
let agents: KernelAgents;

const arm = async (request: Omit<ArmRequest, "createMaster"> & { createMaster?: boolean }) =>
  (await agents.gateway.call("arm", [{ createMaster: true, ...request }]))[0];
const ports = async () => (await agents.gateway.call("dumpExpectations")).map(({ to }) => to.port).sort();

beforeAll(() => {
  lab = new Lab({ phones: 2 });
});
afterAll(() => lab.dispose());
beforeEach(async () => {
  agents = await KernelAgents.start(lab);
});
afterEach(() => agents.close());

describe("arming", () => {
  test("makes the master and its expectations, each with its own timeout", async () => {
    const master = masterOf(1, 42);
    const request = { master, expectations: [inbound, { ...outbound, timeout: 55 }] };
    expect(await arm(request)).toEqual({ kind: "armed" });
    const entries = await agents.gateway.call("dumpExpectations");
    expect(entries).toHaveLength(2);
    const [first, second] = entries.sort((a, b) => b.timeout - a.timeout);
    expect(first).toMatchObject({
      master: master.flow,
      protocol: "udp",
      from: {},
      to: external,
      class: 1,
      nat: { direction: "inbound", saved: phone },
      helper: "sip",
      fn: "sip",
    });
    expect(first?.timeout).toBeGreaterThan(700);
    expect(second).toMatchObject({ from: { host: phone.host }, to: remote, nat: { direction: "outbound" } });
    expect(second?.timeout).toBeLessThanOrEqual(55);
    expect(await agents.gateway.call("lookup", master.flow)).toMatchObject({
      helper: "sip",
      mark: 42,
      reply: { source: { host: provider, port: 0 }, destination: { host: GATEWAY_OUTSIDE, port: 1 } },
    });
  });

  test("is what conntrack(8) lists with helper=sip", async () => {
    await arm({ master: masterOf(1), expectations: [inbound] });
    expect(await lab.exec("gw", "conntrack", "-L", "expect")).toMatch(/dport=20000 .*class=1 helper=sip/);
  });

  test("adds to a master that was made before", async () => {
    await arm({ master: masterOf(1), expectations: [inbound] });
    const more = { master: masterOf(1), createMaster: false, expectations: [toPort(20_002)] };
    expect(await arm(more)).toEqual({ kind: "armed" });
    expect(await ports()).toEqual([20_000, 20_002]);
  });

  test("opens an IPv6 pinhole without NAT", async () => {
    const master: Master = {
      flow: {
        protocol: "udp",
        source: { host: "2001:db8::2", port: 1 },
        destination: { host: "2001:db8:1::1", port: 0 },
      },
      natSource: undefined,
      timeout: 600,
    };
    const pinhole: Expectation = {
      ...inbound,
      from: { host: "2001:db8:1::1", port: 9 },
      to: { host: "2001:db8::2", port: 4000 },
      saved: undefined,
    };
    expect(await arm({ master, expectations: [pinhole] })).toEqual({ kind: "armed" });
    const [entry] = await agents.gateway.call("dumpExpectations");
    expect(entry).toMatchObject({ from: pinhole.from, to: pinhole.to });
    expect(entry?.nat).toBeUndefined();
  });
});

describe("what the kernel refuses is reported, and the rest is made", () => {
  test("a master's tuple that another conntrack has: EEXIST, and that one stays", async () => {
    const { flow } = masterOf(1);
    await agents.gateway.call("pin", {
      direction: "outbound",
      flow,
      nat: { ...external, port: 1 },
      timeout: 60,
    });
    const result = await arm({ master: masterOf(1), expectations: [toPort(20_002)] });
    expect(result).toEqual({
      kind: "failed",
      master: "EEXIST",
      refused: [{ index: 0, code: "EOPNOTSUPP" }],
    });
    expect(await agents.gateway.call("lookup", flow)).not.toBeNull();
  });

  test("no master: ENOENT", async () => {
    const result = await arm({ master: masterOf(1), createMaster: false, expectations: [inbound] });
    expect(result).toEqual({ kind: "failed", master: undefined, refused: [{ index: 0, code: "ENOENT" }] });
  });

  test("a master without a helper: EOPNOTSUPP", async () => {
    const { flow } = masterOf(1);
    await agents.gateway.call("pin", {
      direction: "outbound",
      flow,
      nat: { ...external, port: 1 },
      timeout: 60,
    });
    const result = await arm({ master: masterOf(1), createMaster: false, expectations: [inbound] });
    expect(result).toEqual({
      kind: "failed",
      master: undefined,
      refused: [{ index: 0, code: "EOPNOTSUPP" }],
    });
  });

  test("the same once more under the same master: EEXIST", async () => {
    await arm({ master: masterOf(1), expectations: [inbound] });
    const result = await arm({
      master: masterOf(1),
      createMaster: false,
      expectations: [toPort(20_002), inbound],
    });
    expect(result).toEqual({ kind: "failed", master: undefined, refused: [{ index: 1, code: "EEXIST" }] });
    expect(await ports()).toEqual([20_000, 20_002]);
  });

  // DESIGN §4.4 calls this EBUSY: that is what the kernel's own helpers get. ctnetlink looks the tuple up first.
  test("the same under another master: EEXIST, and only that one is refused", async () => {
    await arm({ master: masterOf(1), expectations: [inbound] });
    const result = await arm({ master: masterOf(2), expectations: [toPort(20_002), inbound] });
    expect(result).toEqual({ kind: "failed", master: undefined, refused: [{ index: 1, code: "EEXIST" }] });
    expect(await ports()).toEqual([20_000, 20_002]);
  });

  test("a narrower one than is pending: EEXIST", async () => {
    await arm({ master: masterOf(1), expectations: [inbound] });
    const narrow = { ...inbound, from: { host: media, port: undefined } };
    expect(await arm({ master: masterOf(2), expectations: [narrow] })).toMatchObject({
      refused: [{ code: "EEXIST" }],
    });
  });

  test("a wider one than is pending: EBUSY", async () => {
    await arm({
      master: masterOf(1),
      expectations: [{ ...inbound, from: { host: media, port: undefined } }],
    });
    expect(await arm({ master: masterOf(2), expectations: [inbound] })).toEqual({
      kind: "failed",
      master: undefined,
      refused: [{ index: 0, code: "EBUSY" }],
    });
  });

  test("two sources for one port do not overlap", async () => {
    const from = (host: string) => ({ ...inbound, from: { host, port: undefined } });
    expect(await arm({ master: masterOf(1), expectations: [from(media)] })).toEqual({ kind: "armed" });
    expect(await arm({ master: masterOf(2), expectations: [from(provider)] })).toEqual({ kind: "armed" });
  });

  test("an address that is none fails its own request only", async () => {
    const bad = toPort(20_002);
    const requests: ArmRequest[] = [
      {
        master: masterOf(1),
        createMaster: true,
        expectations: [{ ...bad, to: { host: "nowhere", port: 1 } }],
      },
      { master: masterOf(2), createMaster: true, expectations: [inbound] },
    ];
    await expect(agents.gateway.call("arm", requests)).rejects.toMatchObject({ code: "EINVAL" });
    expect(await ports()).toEqual([20_000]);
    expect(await agents.gateway.call("lookup", masterOf(1).flow)).toBeNull();
  });

  test("a full table: EMFILE, for every request that did not fit and for no other", async () => {
    const size = Number((await agents.gateway.call("readNetfilterSetting", "nf_conntrack_expect_max")) ?? 0);
    const requests = Array.from({ length: Math.ceil(size / 4) + 10 }, (_, index) => ({
      master: masterOf(index + 1),
      createMaster: true,
      expectations: [0, 1, 2, 3].map((part) => toPort(1024 + 4 * index + part)),
    }));
    const results = await agents.gateway.call("arm", requests);
    const refused = results.flatMap((result) => (result.kind === "failed" ? result.refused : []));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["EMFILE"]));
    expect(refused).toHaveLength(4 * requests.length - size);
    expect(await agents.gateway.call("countExpectations")).toBe(size);
  });
});

describe("rules of the kernel that we live by", () => {
  test("a timeout is ignored in the request that makes an expectation", async () => {
    await arm({ master: masterOf(1), expectations: [] });
    const request = encoded((writer) => encodeNewExpectation(writer, masterOf(1).flow, inbound));
    expect(await agents.gateway.call("raw", request.toString("hex"))).toBeNull();
    const [entry] = await agents.gateway.call("dumpExpectations");
    // The SIP helper's class says 180 s (sip_exp_policy, net/netfilter/nf_conntrack_sip.c).
    expect(entry?.timeout).toBeLessThanOrEqual(180);
  });

  test.each([
    ["signalling", EXPECTATION_CLASS.signalling, 1],
    ["audio", EXPECTATION_CLASS.audio, 4],
    ["video", EXPECTATION_CLASS.video, 4],
    ["image", EXPECTATION_CLASS.image, 2],
  ] as const)(
    "of class %s, a master holds so many, and one more evicts the oldest unasked",
    async (_, klass, most) => {
      const all = Array.from({ length: most + 1 }, (_, index) => toPort(20_000 + index, klass));
      expect(await arm({ master: masterOf(1), expectations: all })).toEqual({ kind: "armed" });
      expect(await ports()).toEqual(all.slice(1).map(({ to }) => to.port));
    },
  );

  test("classes are counted apart", async () => {
    const all = Array.from({ length: 8 }, (_, index) => toPort(20_000 + index, index < 4 ? 1 : 2));
    await arm({ master: masterOf(1), expectations: all });
    expect(await agents.gateway.call("countExpectations")).toBe(8);
  });

  test("a master can have destination port 0, and no two masters of an id", async () => {
    await arm({ master: masterOf(7), expectations: [] });
    expect(await arm({ master: masterOf(7), expectations: [] })).toMatchObject({
      kind: "failed",
      master: "EEXIST",
    });
    expect(await arm({ master: masterOf(8), expectations: [] })).toEqual({ kind: "armed" });
  });
});

describe("disarming", () => {
  test("removes single expectations and leaves the others and the master", async () => {
    await arm({ master: masterOf(1), expectations: [inbound, outbound] });
    const result = await agents.gateway.call("disarm", { expectations: [inbound, toPort(1)] });
    expect(result).toEqual({ removed: 1, absent: 1 });
    expect(await ports()).toEqual([remote.port]);
    expect(await agents.gateway.call("lookup", masterOf(1).flow)).not.toBeNull();
  });

  test("of a master removes all it had", async () => {
    await arm({ master: masterOf(1), expectations: [inbound, outbound] });
    expect(await agents.gateway.call("removeMaster", masterOf(1).flow)).toEqual({ kind: "removed" });
    expect(await agents.gateway.call("countExpectations")).toBe(0);
    expect(await agents.gateway.call("removeMaster", masterOf(1).flow)).toEqual({ kind: "absent" });
  });

  test("is told of each", async () => {
    await agents.gateway.call("watchTables", []);
    await arm({ master: masterOf(1), expectations: [inbound, outbound] });
    await agents.gateway.call("disarm", { expectations: [inbound] });
    expect(await agents.gateway.call("nextExpectationEvent")).toMatchObject({
      master: masterOf(1).flow,
      to: external,
    });
    await agents.gateway.call("removeMaster", masterOf(1).flow);
    expect(await agents.gateway.call("nextExpectationEvent")).toMatchObject({
      to: remote,
      from: { host: phone.host },
    });
  });
});

describe("media", () => {
  beforeEach(async () => {
    await agents.inside.call("openUdp", phone.host, phone.port);
    await agents.outside.call("openUdp", remote.host, remote.port);
  });

  test("of a remote that speaks first reaches the phone, and consumes the inbound expectation", async () => {
    await agents.gateway.call("watchTables", []);
    await arm({ master: masterOf(1, 42), expectations: [inbound, outbound] });
    await agents.outside.call("sendUdp", remote.port, "ringing", external.host, external.port);
    expect(await agents.inside.call("receiveUdp", phone.port)).toEqual({ text: "ringing", ...remote });
    expect(await agents.gateway.call("nextExpectationEvent")).toMatchObject({ to: external });
    expect(await ports()).toEqual([remote.port]);

    const arriving: FlowTuple = { protocol: "udp", source: remote, destination: external };
    const entry = await agents.gateway.call("lookup", arriving);
    expect(entry).toMatchObject({ master: masterOf(1).flow, mark: 42, reply: { source: phone } });
    expect((entry?.status ?? 0) & IPS_EXPECTED).toBe(IPS_EXPECTED);

    await agents.inside.call("sendUdp", phone.port, "voice", remote.host, remote.port);
    expect(await agents.outside.call("receiveUdp", remote.port)).toEqual({ text: "voice", ...external });
  });

  test("of a phone that speaks first leaves from the port its SDP told", async () => {
    await agents.gateway.call("watchTables", []);
    await arm({ master: masterOf(1), expectations: [inbound, outbound] });
    await agents.inside.call("sendUdp", phone.port, "hello", remote.host, remote.port);
    expect(await agents.outside.call("receiveUdp", remote.port)).toEqual({ text: "hello", ...external });
    expect(await agents.gateway.call("nextExpectationEvent")).toMatchObject({ to: remote });
    expect(await agents.gateway.call("nextFlowEvent")).toMatchObject({
      original: { source: phone, destination: remote },
      reply: { source: remote, destination: external },
    });
    await agents.outside.call("sendUdp", remote.port, "hello yourself", external.host, external.port);
    expect(await agents.inside.call("receiveUdp", phone.port)).toEqual({ text: "hello yourself", ...remote });
  });

  test("goes on when its master is gone", async () => {
    await arm({ master: masterOf(1), expectations: [inbound, outbound] });
    await agents.outside.call("sendUdp", remote.port, "one", external.host, external.port);
    await agents.inside.call("receiveUdp", phone.port);
    await agents.gateway.call("removeMaster", masterOf(1).flow);
    await agents.outside.call("sendUdp", remote.port, "two", external.host, external.port);
    expect(await agents.inside.call("receiveUdp", phone.port)).toMatchObject({ text: "two" });
  });

  test("comes through by an admin's rule for the helper alone", async () => {
    await lab.exec("gw", "iptables", "-w", "-F", "FORWARD");
    const rule = "-m conntrack --ctstate RELATED -m helper --helper sip -j ACCEPT".split(" ");
    await lab.exec("gw", "iptables", "-w", "-A", "FORWARD", ...rule);
    await arm({ master: masterOf(1), expectations: [inbound] });
    await agents.outside.call("sendUdp", remote.port, "early media", external.host, external.port);
    expect(await agents.inside.call("receiveUdp", phone.port)).toMatchObject({ text: "early media" });
  });
});

test("of all entries that end, only masters and those to signalling ports are told", async () => {
  await agents.gateway.call("watchTables", [
    { first: 7000, last: 7009 },
    { first: 9000, last: 9000 },
  ]);
  const to = (port: number): FlowTuple => ({
    protocol: "udp",
    source: { host: provider, port: 5060 },
    destination: { ...external, port },
  });
  const six: FlowTuple = {
    protocol: "tcp",
    source: { host: "2001:db8::2", port: 5060 },
    destination: { host: "2001:db8::1", port: 7005 },
  };
  const told: FlowTuple[] = [to(7000), masterOf(1).flow, to(7009), to(9000), six];
  const untold: FlowTuple[] = [to(6999), to(7010), to(8999), to(9001), to(5060)];
  await arm({ master: masterOf(1), expectations: [] });
  for (const flow of [...told, ...untold]) {
    const nat = flow === six ? { host: "2001:db8::3", port: 1 } : phone;
    const tcp = flow === six ? { state: 1, liberal: false } : undefined;
    await agents.gateway.call("pin", { direction: "inbound", flow, nat, timeout: 60, tcp });
  }
  for (let index = 0; index < told.length; index++) {
    for (const flow of [untold[index], told[index]]) {
      if (flow) expect(await agents.gateway.call("remove", flow)).toEqual({ kind: "removed" });
    }
    expect((await agents.gateway.call("nextConntrackEvent")).original).toEqual(told[index]);
  }
});
