import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { KernelAgent } from "./kernel-agent-client.ts";
import { KernelAgents } from "./kernel-agents.ts";
import { Lab, PROVIDER_HOSTS, phoneAddress } from "./namespaces.ts";

const NUMBER = 17;
const options = { number: NUMBER, length: 1024, receiveBuffer: 1 << 20 };
const [provider] = PROVIDER_HOSTS;
const phone = { host: phoneAddress(0), port: 5060 };

let lab: Lab;
let agents: KernelAgents;

beforeAll(async () => {
  lab = new Lab({ phones: 1 });
  const rule = `-i lan0 -p udp --dport 5060 -j NFQUEUE --queue-num ${NUMBER} --queue-bypass`.split(" ");
  await lab.exec("gw", "iptables", "-w", "-t", "raw", "-A", "PREROUTING", ...rule);
});
afterAll(() => lab.dispose());
beforeEach(async () => {
  agents = await KernelAgents.start(lab);
  await agents.inside.call("openUdp", phone.host, phone.port);
  await agents.outside.call("openUdp", provider, 5060);
});
afterEach(() => agents.close());

const send = async (text: string) => {
  await agents.inside.call("sendUdp", phone.port, text, provider, 5060);
  return (await agents.outside.call("receiveUdp", 5060)).text;
};

describe("a queue", () => {
  test("sends on what was written in a packet's place, and others as they came", async () => {
    await agents.gateway.call("openQueue", options, "private", "public, and longer", 1500);
    expect(await send("Contact: private, private")).toBe("Contact: public, and longer, public, and longer");
    expect(await send("nothing to change")).toBe("nothing to change");
    expect(await send("")).toBe("");
    const counts = await agents.gateway.call("queueCounts");
    expect(counts).toMatchObject({
      packets: 3,
      verdictErrors: 0,
      badRows: 0,
      malformed: 0,
      dropped: 0,
      waiting: 0,
    });
  });

  test("sends on a packet that outgrew the MTU in fragments", async () => {
    await agents.gateway.call("openQueue", options, "<", "0123456789", 1500);
    const text = "<".repeat(200).padEnd(1400, ".");
    expect(await send(text)).toBe(text.replaceAll("<", "0123456789"));
  });

  test("takes and gives whole packets of many fragments", async () => {
    await agents.gateway.call("openQueue", options, "a", "bb", 1500);
    const text = "a".padEnd(40_000, "x");
    expect(await send(text)).toBe(`b${text.replace("a", "b")}`);
  });

  test("that grows beyond what an IP packet can be passes as it came", async () => {
    await agents.gateway.call("openQueue", options, "a", "bb", 1500);
    const text = "a".repeat(40_000);
    expect(await send(text)).toBe(text);
  });

  test("passes what comes after it is closed", async () => {
    await agents.gateway.call("openQueue", options, "a", "b", 1500);
    await agents.gateway.call("closeQueue");
    await agents.gateway.call("closeQueue");
    expect(await send("a")).toBe("a");
    expect(await agents.gateway.call("queueCounts")).toMatchObject({ packets: 0, dropped: 0, waiting: 0 });
  });
});

describe("a queue that is taken", () => {
  test("says by whom", async () => {
    await agents.gateway.call("openQueue", options, "a", "b", 1500);
    const second = new KernelAgent(lab, "gw");
    await expect(second.call("openQueue", options, "a", "b", 1500)).rejects.toMatchObject({
      code: "EBUSY",
      message: `bind queue ${NUMBER}: EBUSY: pid ${agents.gateway.pid} (node) is bound to it; stop that or choose another queue number`,
    });
    await second.close();
    expect(await send("a")).toBe("b");
  });

  test("is free again once its owner has closed it", async () => {
    await agents.gateway.call("openQueue", options, "a", "b", 1500);
    await agents.gateway.call("closeQueue");
    const second = new KernelAgent(lab, "gw");
    await second.call("openQueue", options, "a", "c", 1500);
    expect(await send("a")).toBe("c");
    await second.close();
  });
});

test("a process without CAP_NET_ADMIN is told that it needs it", async () => {
  const unprivileged = new KernelAgent(lab, "gw", [
    "setpriv",
    "--bounding-set=-net_admin",
    "--inh-caps=-net_admin",
  ]);
  await expect(unprivileged.call("openQueue", options, "a", "b", 1500)).rejects.toMatchObject({
    code: "EPERM",
    message: `bind queue ${NUMBER}: EPERM: it takes CAP_NET_ADMIN; run as root`,
  });
  await unprivileged.close();
});
