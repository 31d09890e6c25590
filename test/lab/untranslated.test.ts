import { afterAll, beforeAll, expect, test } from "vitest";
import { Daemon } from "./daemon.ts";
import { DatagramListener, sendDatagrams } from "./datagram-listener.ts";
import { GATEWAY_INSIDE, Lab, phoneAddress } from "./namespaces.ts";
import { optionsRequest } from "./options-request.ts";

const PHONE = [phoneAddress(0), 5060] as const;
/** A second inside network, 192.168.60.0/24 behind lan1; its host stands in the providers' namespace. */
const OTHER_INSIDE = ["192.168.60.2", 5060] as const;

let lab: Lab;
let daemon: Daemon;

beforeAll(async () => {
  lab = new Lab({ phones: 1, forward: ["-j ACCEPT"] });
  await lab.exec(
    "gw",
    "ip",
    "link",
    "add",
    "lan1",
    "type",
    "veth",
    "peer",
    "eth1",
    "netns",
    lab.namespace("prov"),
  );
  await lab.exec("gw", "ip", "addr", "add", "192.168.60.1/24", "dev", "lan1");
  await lab.exec("gw", "ip", "link", "set", "lan1", "up");
  await lab.exec("prov", "ip", "addr", "add", "192.168.60.2/24", "dev", "eth1");
  await lab.exec("prov", "ip", "link", "set", "eth1", "up");
  await lab.exec("prov", "ip", "route", "add", "192.168.50.0/24", "via", "192.168.60.1");
  daemon = await Daemon.start(lab);
});

afterAll(() => lab?.dispose());

test("SIP to a server on the gateway itself arrives as the phone wrote it", async () => {
  const server = [GATEWAY_INSIDE, 5060] as const;
  const listener = await DatagramListener.open(lab, "gw", server);
  const request = optionsRequest(PHONE, server);
  await sendDatagrams(lab, "phone", { from: PHONE, to: server, payloads: [request] });
  const arrived = await listener.next();
  expect(arrived.payload.toString()).toBe(request.toString());
  expect((await daemon.stats()).counters.passed["local-destination"]).toBe(1);
});

test("SIP routed to another inside network arrives as the phone wrote it, from the phone's own address", async () => {
  const listener = await DatagramListener.open(lab, "prov", OTHER_INSIDE);
  const request = optionsRequest(PHONE, OTHER_INSIDE);
  await sendDatagrams(lab, "phone", { from: PHONE, to: OTHER_INSIDE, payloads: [request] });
  const arrived = await listener.next();
  expect(arrived.payload.toString()).toBe(request.toString());
  expect(arrived.source).toBe(PHONE.join(":"));
  expect((await daemon.stats()).counters.passed["inside-destination"]).toBe(1);
});
